"""Figures that others published for the same sets: from their runs on their machines, never measured here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

A = "github.com/jeffreywpli/stronger-than-you-think"
B = "github.com/SprocketLab/ScriptoriumWS"
C = "github.com/yueyu1030/COSINE, README"
L = "Smith et al., Language Models in the Loop, 2022"

CHECKPOINTS = "the checkpoint was chosen by gold of the validation split"
UNSTATED = "the source at hand does not say whether validation gold was used for selection; most published runs did"
H = "Neural-Hidden-CRF, slides at github.com/junchenzhi/Neural-Hidden-CRF, which quote Zhang et al., WRENCH, 2021"
N = "Neural-Hidden-CRF, slides at github.com/junchenzhi/Neural-Hidden-CRF; Chen et al., 2023"

VOTES = "no gold is used"
ON_TEST = "label models are fitted on the votes of test itself; no gold is known to be used"
UNSTATED_BALANCE = "the source at hand does not say whether validation gold set the class balance or other settings"
TRAIN_GOLD = (
    "trained on the gold of the whole train split, checkpoint chosen by gold of the validation split: a ceiling"
)


@dataclass(frozen=True)
class Published:
    """One figure.

    Attributes
    ----------
    set
        Name of the benchmark set.
    metric
        "accuracy", "f1" of the positive class, or "span f1" of exact spans; of the test split.
    model
        What reached it.
    classifier
        Whether ``model`` is a classifier trained on the labels, and not a label model.
    value, sd
        0..1; sd over seeds where it was published.
    source
        Where it stands.
    gold
        Whether gold was used, besides scoring: "no", "selection" (validation gold chose among checkpoints or settings),
        "training", or "unknown".
    note
        The same in a sentence.
    """

    set: str
    metric: str
    model: str
    classifier: bool
    value: float
    sd: float | None
    source: str
    gold: str
    note: str


_METRICS = {
    "youtube": "accuracy", "sms": "f1", "trec": "accuracy", "semeval": "accuracy", "chemprot": "accuracy",
    "imdb": "accuracy", "yelp": "accuracy", "agnews": "accuracy", "spouse": "f1", "cdr": "f1",
    "wikigold": "span f1", "mit-restaurants": "span f1",
}  # fmt: skip

# By set: value in percent, sd where there is one, source.
_Row = dict[str, Sequence[tuple[float, float | None, str]]]

_MAJORITY: _Row = {
    "youtube": [(84.00, None, f"{A}; {B}")], "sms": [(23.97, None, B)], "trec": [(60.80, None, A)],
    "chemprot": [(49.04, None, A)], "imdb": [(71.04, None, f"{A}; {B}")], "yelp": [(70.21, None, f"{A}; {B}")],
    "agnews": [(63.84, None, B)], "spouse": [(20.81, None, f"{A}; {B}")], "cdr": [(60.31, None, A)],
}  # fmt: skip
_SNORKEL: _Row = {
    "youtube": [(84.00, None, A), (85.20, None, B)], "sms": [(4.82, None, B)], "trec": [(58.20, None, A)],
    "chemprot": [(51.96, None, A)], "imdb": [(70.36, None, A)], "yelp": [(69.00, None, A)],
    "agnews": [(62.48, None, B)], "spouse": [(46.62, None, A), (49.80, None, B)], "cdr": [(69.61, None, A)],
}  # fmt: skip
_DAWID_SKENE: _Row = {"imdb": [(71.16, None, A)], "yelp": [(71.45, None, A)]}
_BERT: _Row = {
    "youtube": [(95.20, 1.96, A)], "trec": [(66.80, 2.02, A)], "chemprot": [(58.26, 1.13, A)], "cdr": [(59.38, None, A)],
}  # fmt: skip
_ROBERTA: _Row = {
    "trec": [(69.24, None, A)], "semeval": [(84.30, 1.11, A)], "chemprot": [(59.37, None, A)],
    "imdb": [(85.51, 1.68, A)], "yelp": [(86.86, None, A)], "agnews": [(86.84, None, A)],
}  # fmt: skip
_ROBERTA_L: _Row = {"youtube": [(94.9, None, L)], "sms": [(92.4, None, L)], "spouse": [(37.9, None, L)]}
_COSINE: _Row = {"trec": [(82.59, None, C)], "imdb": [(90.54, None, C)], "yelp": [(95.97, None, C)],
                 "agnews": [(87.52, None, C)]}  # fmt: skip
_COSINE_AGAIN: _Row = {
    "youtube": [(94.96, None, A)], "trec": [(64.04, None, A)], "chemprot": [(57.77, None, A)], "cdr": [(58.48, None, A)],
}  # fmt: skip
_ON_GOLD: _Row = {
    "youtube": [(97.20, None, A)], "sms": [(95.82, None, A)], "trec": [(96.48, None, A)],
    "semeval": [(94.97, None, A)], "chemprot": [(89.87, None, A)], "imdb": [(93.64, None, A)],
    "yelp": [(96.96, None, A)], "agnews": [(91.67, None, A)], "cdr": [(66.61, None, A)],
}  # fmt: skip


# Of sets with spans: wikigold, mit-restaurants. Read off the slide "Results on three WS datasets".
_SPAN_VOTES = {
    "majority vote": (52.24, 48.71), "weighted majority vote": (52.87, 48.19), "Dawid-Skene": (42.17, 46.81),
    "Snorkel LabelModel (data programming)": (54.81, 47.92), "MeTaL": (52.09, 47.66), "FlyingSquid": (58.29, 13.86),
    "HMM": (56.36, 42.65), "conditional HMM": (58.89, 47.34),
}  # fmt: skip
_SPAN_VOTES_SD = {
    "Snorkel LabelModel (data programming)": (0.13, None), "MeTaL": (0.23, None), "conditional HMM": (0.97, 0.57),
}  # fmt: skip
_SPAN_TAGGERS = {
    "majority vote + BERT-CRF": ((62.09, 1.06), (42.95, 0.43)), "Snorkel LabelModel + BERT-CRF": ((61.09, 1.53), (42.27, 0.53)),
    "FlyingSquid + BERT-CRF": ((66.44, 1.40), (13.80, 0.23)), "HMM + BERT-CRF": ((63.31, 1.02), (39.51, 0.72)),
    "conditional HMM + BERT-CRF": ((63.06, 1.91), (42.79, 0.22)), "ConNet": ((64.18, 1.71), (42.37, 0.72)),
}  # fmt: skip


def _span_rows() -> Iterator[tuple[str, bool, str, str, _Row]]:
    sets = ("wikigold", "mit-restaurants")

    def row(values: Sequence[float], sds: Sequence[float | None], source: str) -> _Row:
        return {name: [(value, sd, source)] for name, value, sd in zip(sets, values, sds, strict=True)}

    for model, values in _SPAN_VOTES.items():
        yield model, False, "unknown", ON_TEST, row(values, _SPAN_VOTES_SD.get(model, (None, None)), H)
    yield "Neural-Hidden-CRF as a label model", False, "unknown", ON_TEST, row((59.69, 48.44), (0.68, 0.86), N)
    for model, pairs in _SPAN_TAGGERS.items():
        yield model, True, "unknown", UNSTATED, row([value for value, _ in pairs], [sd for _, sd in pairs], H)
    yield "Neural-Hidden-CRF", True, "unknown", UNSTATED, row((66.87, 44.94), (1.79, 0.99), N)
    yield "BERT-CRF on gold", True, "training", TRAIN_GOLD, row((86.78, 78.83), (0.84, 0.44), H)


def _figures() -> Iterator[Published]:
    rows: list[tuple[str, bool, str, str, _Row]] = [
        ("majority vote", False, "no", VOTES, _MAJORITY),
        ("Snorkel LabelModel", False, "unknown", UNSTATED_BALANCE, _SNORKEL),
        ("Dawid-Skene", False, "unknown", UNSTATED_BALANCE, _DAWID_SKENE),
        ("majority vote + BERT", True, "selection", CHECKPOINTS, _BERT),
        ("majority vote + RoBERTa", True, "selection", CHECKPOINTS, _ROBERTA),
        ("majority vote + RoBERTa", True, "unknown", UNSTATED, _ROBERTA_L),
        ("COSINE (RoBERTa)", True, "unknown", UNSTATED, _COSINE),
        ("COSINE, run again", True, "selection", CHECKPOINTS, _COSINE_AGAIN),
        ("BERT on gold", True, "training", TRAIN_GOLD, _ON_GOLD),
        *_span_rows(),
    ]
    for model, classifier, gold, note, row in rows:
        for name, figures in row.items():
            for value, sd, source in figures:
                spread = None if sd is None else round(sd / 100, 4)
                yield Published(
                    name, _METRICS[name], model, classifier, round(value / 100, 4), spread, source, gold, note
                )


PUBLISHED: tuple[Published, ...] = tuple(_figures())
"""All figures, by model, then by set."""


def published_for(name: str) -> tuple[Published, ...]:
    """Return the figures for a set of this name.

    Examples
    --------
    >>> [(one.model, round(one.value, 3)) for one in published_for("sms") if not one.classifier]
    [('majority vote', 0.24), ('Snorkel LabelModel', 0.048)]
    """
    return tuple(figure for figure in PUBLISHED if figure.set == name)
