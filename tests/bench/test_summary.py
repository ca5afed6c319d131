import numpy as np
import pytest

from weaklabel.bench.published import PUBLISHED, published_for
from weaklabel.bench.summary import CellPredictions, Crossing, Summary, crossings, summarise
from weaklabel.bench.work import draw_clean
from weaklabel.errors import ScoreError
from weaklabel.scoring import paired_difference, score

GOLD = np.random.default_rng(0).integers(0, 2, 400)


def guesses(seed, share_right):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(GOLD)) < share_right, GOLD, 1 - GOLD)


def results_of(by_model, metric="accuracy"):
    """Results with one cell for each array of predictions, by label model."""
    cells, preds = [], []
    for name, arrays in by_model.items():
        for seed, array in enumerate(arrays):
            value = None if array is None else getattr(score(GOLD, array, intervals=0), metric)
            cells.append({
                "set": "s", "track": "no_gold", "label_model": name, "classifier": None, "seed": seed,
                "clean_per_class": None, "start": None, "scores": None if array is None else {"metric": value},
            })  # fmt: skip
            preds.append(array)
    entry = {"metric": metric, "positive": "1", "labels": ["0", "1"], "k": 2}
    return {"sets": {"s": entry}, "cells": cells}, CellPredictions({"s": GOLD}, preds)


def test_one_seed_gives_the_intervals_of_scoring():
    first, second = guesses(1, 0.8), guesses(2, 0.9)
    for metric in ("accuracy", "f1"):
        majority, other = summarise(*results_of({"majority": [first], "other": [second]}, metric))
        expected = score(GOLD, second)
        assert other.mean == getattr(expected, metric)
        assert (other.low, other.high) == pytest.approx(expected.intervals[metric], abs=0.01)
        difference = paired_difference(GOLD, second, first, metric)
        assert other.difference == pytest.approx(difference.difference)
        bounds = (other.difference_low, other.difference_high)
        assert bounds == pytest.approx((difference.low, difference.high), abs=0.01)
        assert other.sd is None and majority.difference is None


def test_seeds_that_differ_widen_the_interval():
    steady = [guesses(1, 0.8)] * 4
    wild = [guesses(seed, share) for seed, share in enumerate((0.6, 0.7, 0.9, 1.0))]
    _, first, other = summarise(*results_of({"majority": steady, "steady": steady, "wild": wild}))
    assert first.sd == 0 and (first.difference, first.difference_low, first.difference_high) == (0, 0, 0)
    scores = [(array == GOLD).mean() for array in wild]
    assert other.mean == pytest.approx(np.mean(scores)) and other.sd == pytest.approx(np.std(scores, ddof=1))
    assert other.high - other.low > 2 * (first.high - first.low)


def test_a_failed_seed_is_left_out_and_counted():
    summary = summarise(*results_of({"majority": [guesses(1, 0.8), guesses(2, 0.8)], "x": [None, guesses(3, 0.9)]}))
    assert (summary[1].n_seeds, summary[1].n_failed) == (1, 1)
    # Compared with majority vote of the same seed alone.
    assert summary[1].difference == pytest.approx((guesses(3, 0.9) == GOLD).mean() - (guesses(2, 0.8) == GOLD).mean())


def test_rows_without_gold_do_not_count():
    results, predictions = results_of({"majority": [guesses(1, 0.8)]})
    longer = np.append(GOLD, [-1] * 50)
    padded = CellPredictions({"s": longer}, [np.append(predictions.preds[0], [1] * 50)])
    assert summarise(results, padded) == summarise(results, predictions)


def test_clean_draws_are_even_nested_and_seeded():
    Y = np.random.default_rng(3).integers(-1, 3, 300)
    few, more = draw_clean(Y, 3, 5, seed=1), draw_clean(Y, 3, 20, seed=1)
    assert np.bincount(Y[few]).tolist() == [5, 5, 5]
    assert set(few) < set(more) and (np.diff(more) > 0).all()
    assert (draw_clean(Y, 3, 5, seed=1) == few).all() and set(draw_clean(Y, 3, 5, seed=2)) != set(few)
    assert draw_clean(Y, 3, "all", seed=1).tolist() == np.flatnonzero(Y >= 0).tolist()
    assert np.bincount(Y[draw_clean(Y, 3, 1000, seed=1)]).tolist() == np.bincount(Y[Y >= 0]).tolist()
    with pytest.raises(ScoreError, match="no train row has gold"):
        draw_clean(np.full(4, -1), 3, 5, seed=0)


def curve(weak, clean):
    """Summaries of one curve: the mean of weak labels, and of clean ones by their number a class."""
    points = [("majority", None, "weak", weak), *((None, n, "clean", mean) for n, mean in clean.items())]
    return [Summary("s", "clean_labels", name, "linear", n, start, mean, None, 1, 0) for name, n, start, mean in points]


@pytest.mark.parametrize(
    ("clean", "above", "at", "says"),
    [
        ({5: 0.6, 50: 0.7, "all": 0.9}, 50, "all", "beyond 50 per class, with all of them at the latest"),
        ({5: 0.6, 10: 0.85, 50: 0.9}, 5, 10, "between 5 and 10 per class"),
        ({5: 0.85, 10: 0.7, 50: 0.9}, 10, 50, "between 10 and 50 per class"),
        ({5: 0.8, 10: 0.85}, None, 5, "with 5 per class already"),
        ({5: 0.5, "all": 0.7}, "all", None, "not with all train gold"),
        ({50: 0.9, 5: 0.6}, 5, 50, "between 5 and 50"),
    ],
)
def test_crossings(clean, above, at, says):
    (result,) = crossings(curve(0.8, clean))
    assert result == Crossing("s", "majority", "linear", above, at)
    assert says in str(result)


def test_no_curve_no_crossing():
    assert crossings(curve(0.8, {})) == []
    assert crossings(curve(None, {5: 0.6})) == []


def test_published_figures_are_complete_sentences_of_shares():
    assert len({(figure.set, figure.model, figure.source) for figure in PUBLISHED}) == len(PUBLISHED)
    metrics = dict.fromkeys(("sms", "spouse", "cdr"), "f1") | dict.fromkeys(("wikigold", "mit-restaurants"), "span f1")
    for figure in PUBLISHED:
        assert 0 < figure.value < 1 and figure.metric == metrics.get(figure.set, "accuracy")
        assert figure.source and figure.note and figure.gold in ("no", "selection", "training", "unknown")
        assert figure.sd is None or 0 < figure.sd < 0.1


def test_published_figures_say_what_gold_they_used():
    by = {(figure.model, figure.gold): figure for figure in published_for("youtube")}
    assert by["majority vote + BERT", "selection"].value == 0.952
    assert by["majority vote + BERT", "selection"].sd == pytest.approx(0.0196)
    assert by["BERT on gold", "training"].classifier
    assert by["majority vote", "no"].value == 0.84 and not by["majority vote", "no"].classifier
    assert published_for("nothing of that name") == ()
