"""A hand-made dict of results, as ``weaklabel bench -o`` writes it, with names that try to break out."""

from dataclasses import asdict

from weaklabel.bench.summary import Summary

HOSTILE = "<script>alert('x')</script>|`*_😀 $a$ \u202e"
MEANS = {"majority": 0.8412, "snorkel": 0.8731, HOSTILE: 0.7903}


def cell(name, track, label_model, classifier, seed, metric, **changes):
    scores = {"metric": metric, "accuracy": metric, "precision": 0.71, "recall": 0.62, "macro_f1": 0.66, "f1": 0.655}
    scores |= {"log_loss": 0.4321, "calibration_error": 0.087, "coverage": 0.913}
    plain = {"set": name, "track": track, "label_model": label_model, "classifier": classifier, "seed": seed}
    plain |= {"clean_per_class": None, "start": None, "scores": scores, "fit_seconds": 1.25, "predict_seconds": 0.5}
    plain |= {"peak_mib": 321.0 + seed, "why": None, "error": None, "warnings": [], "valid_score": None}
    return plain | changes


def failed(*key, error, **changes):
    nothing = dict.fromkeys(("scores", "fit_seconds", "predict_seconds", "peak_mib"))
    return cell(*key, None, error=error, **nothing | changes)


def summary(name, track, label_model, classifier, mean, **changes):
    plain = {"clean_per_class": None, "start": None, "sd": 0.0123, "n_seeds": 3, "n_failed": 0}
    plain |= {"low": None if mean is None else mean - 0.02, "high": None if mean is None else mean + 0.03}
    return asdict(Summary(name, track, label_model, classifier, mean=mean, **plain | changes))


def about(metric="accuracy", positive=None, **changes):
    plain = {"metric": metric, "positive": positive, "labels": ["ham", "spam"], "m": 10, "k": 2, "coverage": 0.875}
    return plain | {"n": {"train": 1586, "valid": 120, "test": 250}, "notes": []} | changes


def results(**changes):
    """Two sets, both tracks, a classifier, a curve and a ceiling; cells of three seeds."""
    sets = {"youtube": about(), "sms": about("f1", "spam", notes=["500 of 4,571 train rows, drawn with seed 0"])}
    cells, summaries = [], []
    for track in ("no_gold", "validation_gold"):
        for name in sets:
            for classifier, gain in ((None, 0.0), ("linear", 0.05)):
                for model, mean in MEANS.items():
                    cells += [
                        cell(
                            name,
                            track,
                            model,
                            classifier,
                            seed,
                            mean + gain,
                            why="it had | less misfit" if seed else None,
                        )
                        for seed in range(3)
                    ]
                    apart = {} if model == "majority" else _apart(mean - MEANS["majority"])
                    summaries.append(summary(name, track, model, classifier, mean + gain, **apart))
    curve_cells, curve_summaries = curve("youtube")
    result = {"set": "youtube", "classifier": "linear", "sentence": "youtube: clean labels alone overtake it"}
    plain = {"format": "weaklabel bench 1", "command": "weaklabel bench 'a b' --seeds 3", "seconds": 12.5}
    plain |= {"machine": {"processor": "A <Processor>", "cores": 2}, "versions": {"numpy": "2.4.6"}, "sets": sets}
    plain |= {"cells": cells + curve_cells, "summary": summaries + curve_summaries, "crossings": [result]}
    return plain | changes


def curve(name):
    key = (name, "clean_labels")
    cells = [cell(*key, "gold", "linear", 0, 0.9512, clean_per_class="all", start="clean")]
    summaries = [summary(*key, "gold", "linear", 0.9512, clean_per_class="all", start="clean", sd=None, n_seeds=1)]
    summaries.append(summary(*key, "snorkel", "linear", 0.9034, start="weak"))
    for amount, alone, both in ((100, 0.9123, 0.9321), ("all", 0.9512, 0.9534), (5, 0.6123, 0.9045)):
        summaries.append(summary(*key, None, "linear", alone, clean_per_class=amount, start="clean"))
        summaries.append(summary(*key, "snorkel", "linear", both, clean_per_class=amount, start="weak+clean"))
    return cells, summaries


def _apart(difference):
    return {"difference": difference, "difference_low": difference - 0.01, "difference_high": difference + 0.01}
