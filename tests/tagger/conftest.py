import pytest

NAMES = ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Emmy Noether", "Kurt", "Rosalind Franklin"]
PLACES = ["London", "New York", "Paris", "Oslo"]
FRAMES = ["{} moved to {} .", "In {1} lived {0} for years .", "{} wrote a letter from {} !", "nobody saw {} in {} ."]


def marked(frame, name, place):
    """Return a sentence, and its spans in code points."""
    text = frame.format(name, place)
    spans = [(text.index(name), text.index(name) + len(name), "PER")]
    spans.append((text.index(place), text.index(place) + len(place), "LOC"))
    return text, sorted(spans)


@pytest.fixture(scope="session")
def news():
    """Sentences of our own with names and places, and sentences without; with their spans."""
    pairs = [marked(frame, name, place) for frame in FRAMES for name in NAMES for place in PLACES]
    pairs += [("the old letter was long .", []), ("nobody saw it .", []), ("", [])] * 4
    return [text for text, _ in pairs], [spans for _, spans in pairs]
