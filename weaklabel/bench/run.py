"""Running a benchmark: every cell once, finished ones from where they are kept, and one dict with all results."""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from weaklabel.bench.cells import Cell, cell_key, package_versions_of_cells
from weaklabel.bench.data import find_sets, read_set
from weaklabel.bench.datasculpt import find_datasculpt
from weaklabel.bench.launch import compute_apart
from weaklabel.bench.outcome import PREDICTIONS, Outcome, read_outcome, read_predictions
from weaklabel.bench.plan import BenchSettings, notes_on, plan_cells, scored_by
from weaklabel.bench.span_data import SpanSet
from weaklabel.bench.span_work import spans_of_table
from weaklabel.bench.split import BenchSet
from weaklabel.bench.summary import CellPredictions, crossings, plain, select_on_valid, summarise
from weaklabel.dedup import count_contaminated
from weaklabel.errors import ConfigError
from weaklabel.labels import Labels
from weaklabel.scoring import score, score_spans
from weaklabel.support.progress import stage
from weaklabel.units import Spans

FORMAT = "weaklabel bench 1"

_SPAN_SCORES = ("precision", "recall", "f1", "macro_f1", "calibration_error")
_SCORES = ("accuracy", "precision", "recall", "macro_f1", "f1", "log_loss", "calibration_error")

_log = logging.getLogger(__name__)


@dataclass
class Bench:
    """A running benchmark.

    Attributes
    ----------
    settings
        The settings.
    total
        Number of cells.
    computed
        Keys of the cells computed in this run.
    errors
        Error messages of failed cells, by key.
    """

    settings: BenchSettings
    total: int = 0
    started: int = 0
    computed: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)

    def run(self, cell: Cell, bench_set: BenchSet | SpanSet) -> tuple[dict[str, Any], Labels | Spans | None]:
        """Return a cell's entry in the results, and its predictions; compute it if needed."""
        key = cell_key(cell, bench_set)
        folder = self.settings.work / key
        self.started += 1
        kept = None if self.settings.fresh and key not in self.computed else read_outcome(folder)
        if kept is None and key not in self.errors:
            self._compute(cell, bench_set, key)
        outcome = read_outcome(folder) if key not in self.errors else None
        entry = asdict(cell) | _measured(outcome) | {"error": self.errors.get(key)}
        prefix = f"[{self.started}/{self.total}] {cell}"
        if outcome is None:
            _log.warning("%s: %s", prefix, self.errors[key])
            return entry | {"scores": None, "valid_score": None, "predictions_file": None}, None
        arrays = read_predictions(folder)
        preds: Labels | Spans = arrays["preds"]
        if isinstance(bench_set, SpanSet):
            preds = spans_of_table(arrays["preds"], len(bench_set.test))
            scores, valid_score = _span_scores(bench_set, preds, arrays), None
        else:
            scores, valid_score = self._scores(bench_set, arrays, outcome)
        _log.info("%s: %s%s", prefix, _shown(scores, outcome), " (kept)" if kept is not None else "")
        scored = {"scores": scores, "valid_score": valid_score, "predictions_file": f"{key}/{PREDICTIONS}"}
        return entry | scored, preds

    def _compute(self, cell: Cell, bench_set: BenchSet | SpanSet, key: str) -> None:
        label_model = cell_key(cell.without_classifier(), bench_set) if cell.uses_votes else key
        if label_model in self.errors:
            self.errors[key] = f"its label model failed: {self.errors[label_model]}"
            return
        work = self.settings.work
        error = compute_apart(cell, bench_set, work / key, work / label_model, self.settings.timeout)
        self.computed.add(key)
        if error is not None:
            self.errors[key] = error

    def _scores(
        self, bench_set: BenchSet, arrays: dict[str, Any], outcome: Outcome
    ) -> tuple[dict[str, float | None], float | None]:
        metric, positive = scored_by(bench_set, self.settings)
        options: dict[str, Any] = {"labels": bench_set.labels, "positive": positive, "intervals": 0}
        scores = score(bench_set.test.Y, arrays["preds"], probs=arrays["probs"], **options)
        values = {name: getattr(scores, name) for name in _SCORES} | {"coverage": outcome.coverage}
        valid_score = None
        if (bench_set.valid.Y >= 0).any() and len(arrays["valid_preds"]):
            valid_score = getattr(score(bench_set.valid.Y, arrays["valid_preds"], **options), metric)
        return {"metric": values[metric], **values}, valid_score


def run_bench(paths: Sequence[Path | str], settings: BenchSettings, command: str = "") -> dict[str, Any]:
    """Compute all cells that are not kept yet, and return all results.

    Parameters
    ----------
    paths
        Benchmark sets, as `read_bench_set` takes them; no two of the same name.
    settings
        What to compare.
    command
        Recorded with the results.

    Returns
    -------
    dict
        Fit for JSON: format, command, machine, versions, sets, cells, summary, crossings, seconds of this run, and
        ``cell_seconds`` of all fits and predictions, also of cells kept from earlier runs.

    Raises
    ------
    WeakLabelError
        A set or a setting is invalid. A failing cell raises nothing: its ``error`` has the message.
    """
    began = time.perf_counter()
    if settings.datasculpt is not None and not settings.datasculpt.is_dir():
        raise ConfigError(
            f"{settings.datasculpt} is not a folder; DataSculpt's labeling functions are in SET/MODEL.txt there"
        )
    sets = [
        read_set(path, lfs).limited(settings.limit_train, settings.limit_test)
        for path in find_sets(paths)
        for lfs in (None, *_datasculpt(path, settings))
    ]
    names = [bench_set.name for bench_set in sets]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two benchmark sets are called '{name}'; rename one")
    entries = {bench_set.name: _set_entry(bench_set, settings) for bench_set in sets}
    plans = [plan_cells(bench_set, settings) for bench_set in sets]
    bench = Bench(settings, total=sum(map(len, plans)))
    cells: list[dict[str, Any]] = []
    preds: list[Labels | Spans | None] = []
    with stage("benchmark", bench.total, "cells") as progress:
        for bench_set, plan in zip(sets, plans, strict=True):
            done = []
            for cell in plan:
                progress.note = str(cell)
                done.append(bench.run(cell, bench_set))
                progress.advance()
            n_valid = 0 if isinstance(bench_set, SpanSet) else int((bench_set.valid.Y >= 0).sum())
            chosen = select_on_valid([cell for cell, _ in done], n_valid)
            done += [(cell, done[position][1]) for position, cell in chosen]
            cells += [cell for cell, _ in done]
            preds += [of_cell for _, of_cell in done]
    results: dict[str, Any] = {
        "format": FORMAT,
        "command": command,
        "machine": machine(),
        "versions": package_versions_of_cells(),
        "sets": entries,
        "cells": cells,
    }
    gold = {bench_set.name: _gold_of(bench_set) for bench_set in sets}
    summaries = summarise(results, CellPredictions(gold, preds))
    crossed = [asdict(crossing) | {"sentence": str(crossing)} for crossing in crossings(summaries)]
    took = {"seconds": time.perf_counter() - began, "cell_seconds": _cell_seconds(cells)}
    return results | {"summary": plain(summaries), "crossings": crossed, **took}


def _datasculpt(path: Path, settings: BenchSettings) -> list[Path]:
    return [] if settings.datasculpt is None else find_datasculpt(settings.datasculpt, path.resolve().name)


def _gold_of(bench_set: BenchSet | SpanSet) -> Labels | Spans:
    """Return the gold of test."""
    if not isinstance(bench_set, SpanSet):
        return bench_set.test.Y
    assert bench_set.test.gold is not None
    return bench_set.test.gold


def _span_scores(bench_set: SpanSet, preds: Spans, arrays: dict[str, Any]) -> dict[str, float | None]:
    gold = _gold_of(bench_set)
    assert isinstance(gold, Spans)
    scores = score_spans(gold, preds, bench_set.labels, probs=arrays["probs"], intervals=0)
    return {"metric": scores.f1, **{name: getattr(scores, name) for name in _SPAN_SCORES}}


def _cell_seconds(cells: Sequence[dict[str, Any]]) -> float:
    """Return what fits and predictions took, each counted once, also those that an earlier run kept."""
    done = {cell["predictions_file"]: cell["fit_seconds"] + cell["predict_seconds"] for cell in cells if cell["scores"]}
    return float(sum(done.values()))


def machine() -> dict[str, Any]:
    """Return what the times depend on: processor, cores, system."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"processor": (names or [platform.machine()])[0], "cores": os.cpu_count(), "system": platform.system()}


def _set_entry(bench_set: BenchSet | SpanSet, settings: BenchSettings) -> dict[str, Any]:
    metric, positive = scored_by(bench_set, settings)
    return {
        "metric": metric,
        "positive": positive,
        "labels": list(bench_set.labels),
        "n": {name: len(getattr(bench_set, name) or ()) for name in ("train", "valid", "test")},
        "m": bench_set.m,
        "k": bench_set.k,
        "coverage": bench_set.coverage,
        "train_rows_like_held_out": _train_rows_like_held_out(bench_set),
        "notes": notes_on(bench_set, settings),
        "refused": _refused(bench_set),
    }


def _refused(bench_set: BenchSet | SpanSet) -> dict[str, list[str]]:
    """Return the rows of each split that could not be read, and why; of splits that have such rows."""
    if isinstance(bench_set, SpanSet):
        return {}
    splits = {name: getattr(bench_set, name) for name in ("train", "valid", "test")}
    return {name: list(split.refused) for name, split in splits.items() if split.refused}


def _train_rows_like_held_out(bench_set: BenchSet | SpanSet) -> int | None:
    """Count train rows that are near-duplicates of valid or test rows; None where a split has no texts."""
    splits = (getattr(bench_set, name) for name in ("train", "valid", "test"))
    train, valid, test = (None if split is None else split.texts for split in splits)
    if train is None or test is None:
        return None
    return count_contaminated(train, [*(valid or ()), *test])


def _measured(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return dict.fromkeys(("fit_seconds", "predict_seconds", "peak_mib", "why")) | {"warnings": []}
    measured = asdict(outcome) | {"warnings": list(outcome.warnings)}
    del measured["coverage"]
    return measured


def _shown(scores: dict[str, float | None], outcome: Outcome) -> str:
    return f"{scores['metric']:.3f} in {outcome.fit_seconds + outcome.predict_seconds:.1f} s"
