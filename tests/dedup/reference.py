"""What near-duplicates are, written down a second time, plainly and slowly."""

import unicodedata
from functools import cache

from weaklabel.corpus.cleaning import normalise

DENSE = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
NO_SPACES = (*DENSE, (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))


def is_in(char, scripts):
    return any(first <= ord(char) <= last for first, last in scripts)


def character_shingles(text):
    sizes = [3 if is_in(char, DENSE) else 5 for char in text]
    return [text[at : at + size] for at, size in enumerate(sizes) if at + size <= len(text)]


def words(text):
    result, word = [], ""
    for char in text + " ":
        is_letter = ord(char) > 0xFFFF or unicodedata.category(char)[0] in "LMN"
        if is_letter and not is_in(char, NO_SPACES):
            word += char
            continue
        while word:
            result.append(word[:16])
            word = word[16:]
        if is_letter:
            result.append(char)
    return result


def word_shingles(text):
    of_text = words(text)
    return [tuple(of_text[at : at + 3]) for at in range(len(of_text) - 2)]


normal = cache(normalise)


@cache
def shingles(text, by_words):
    return frozenset(word_shingles(text) if by_words else character_shingles(text))


def similarity(left, right):
    left, right = normal(left), normal(right)
    if left == right:
        return 1.0
    by_words = min(len(left), len(right)) >= 500
    left_set, right_set = shingles(left, by_words), shingles(right, by_words)
    shared = len(left_set & right_set)
    return shared / max(1, len(left_set) + len(right_set) - shared)


def survivors(texts, threshold, order):
    """Return the rows that stay: in order of preference, those that are like none that stays already."""
    kept = []
    for row in order:
        if not any(similarity(texts[row], texts[other]) >= threshold - 1e-12 for other in kept):
            kept.append(row)
    return sorted(kept)
