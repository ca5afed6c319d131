"""Small benchmark sets, written as a user would have them: weather and food, told by four labeling functions."""

import csv
import json

import numpy as np

LABELS = ("weather", "food")
WORDS = (("rain", "cloud", "wind", "storm"), ("bread", "soup", "rice", "cheese"))
FRAMES = ("there was {} in the morning", "we talked of {} for an hour", "so much {} today", "no {} before noon")
N = {"train": 60, "valid": 20, "test": 40}


def rows_of(split, seed=0):
    """Texts, gold and votes; the first two words of each class have good labeling functions, the last ones none."""
    rng = np.random.default_rng([seed, N[split]])
    rows = []
    for number in range(N[split]):
        label = int(rng.random() < 0.4)
        word = WORDS[label][int(rng.integers(4))]
        text = FRAMES[int(rng.integers(4))].format(word) + f", said guest {number}"
        votes = [
            0 if word in ("rain", "cloud") else -1,
            0 if word in ("cloud", "wind", "soup") else -1,
            1 if word in ("bread", "soup") else -1,
            1 if word in ("bread", "rain") and number % 3 == 0 else -1,
        ]
        rows.append((text, label, votes))
    return rows


def wrench(folder, name="guests", splits=("train", "valid", "test"), texts=True):
    """Write a set in WRENCH's format, and return its folder."""
    path = folder / name
    path.mkdir(parents=True)
    write(path / "label.json", {str(number): label for number, label in enumerate(LABELS)})
    for split in splits:
        result = {
            str(number): {"label": label, "weak_labels": votes, "data": {"text": text if texts else ""}}
            for number, (text, label, votes) in enumerate(rows_of(split))
        }
        write(path / f"{split}.json", result)
    return path


def voted(path, splits=("train", "valid", "test")):
    """Write the same set as one table, and return its path."""
    names = ["weather_words", "weather_or_soup", "food_words", "bread_or_rain"]
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["split", "text", "label", *(f"vote_{name}" for name in names)])
        for split in splits:
            for text, label, votes in rows_of(split):
                cells = ["" if vote < 0 else LABELS[vote] for vote in votes]
                writer.writerow([split, text, "" if split == "train" else LABELS[label], *cells])
    return path


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def change(path, edit):
    """Edit what a JSON file holds."""
    value = json.loads(path.read_text(encoding="utf-8"))
    edit(value)
    write(path, value)


PEOPLE, PLACES = ("Ada Lovelace", "Alan Turing", "Grace Hopper"), ("Rome", "New York", "Paris")


def sequences(folder, name="visits", splits=("train", "valid", "test"), words_key="text"):
    """Write a set with spans in WRENCH's format for sequences, and return its folder."""
    path = folder / name
    path.mkdir(parents=True)
    lfs = ["people", "surnames", "capitals", "places", "noise"]
    write(path / "meta.json", {"entity_types": ["PER", "LOC"], "lf": lfs, "lf_rec": lfs[:4], "num_lf": 5})
    for split in splits:
        write(path / f"{split}.json", {str(number): visit(split, number, words_key) for number in range(N[split])})
    return path


def visit(split, number, words_key):
    """One example: who went where; half of the people are in the list, and one labeling function confuses labels."""
    rng = np.random.default_rng([N[split], number])
    who, where = PEOPLE[int(rng.integers(3))].split(), PLACES[int(rng.integers(3))].split()
    words = [*who, "went", "to", *where, "on", "day", str(number), "."]
    place = slice(len(who) + 2, len(who) + 2 + len(where))
    gold = ["O"] * len(words)
    gold[: len(who)] = ["B-PER", *["I-PER"] * (len(who) - 1)]
    gold[place] = ["B-LOC", *["I-LOC"] * (len(where) - 1)]
    votes = np.zeros((len(words), 5), dtype=int)
    if who[0] != "Grace":
        votes[: len(who), 0] = [1, *[2] * (len(who) - 1)]
    votes[len(who) - 1, 1] = 1
    if number % 3:
        votes[: len(who), 2] = [3, *[4] * (len(who) - 1)]
    if where[0] != "Paris":
        votes[place, 3] = [3, *[4] * (len(where) - 1)]
    votes[-1, 4] = 1
    return {"label": gold, "weak_labels": votes.tolist(), "data": {words_key: words}}
