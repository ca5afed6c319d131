"""The steps of a run with labels for spans: every step is a function in the list of `steps_of_spans`.

As in `weaklabel.project.texts`, a step reads what the steps before it wrote, and gold is opened only by the last steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import Project
from weaklabel.corpus import Corpus
from weaklabel.encoder.named import model_files
from weaklabel.errors import ConfigError
from weaklabel.job import LabelOptions
from weaklabel.job.output import first_free_prefix
from weaklabel.job.spans import VotedSpans, label_spans, read_voted_spans, vote_spans
from weaklabel.job.spans.training import texts_with_votes, training_texts
from weaklabel.job.spans.work import may_read_texts, new_span_columns, span_keys
from weaklabel.job.steps import Step
from weaklabel.label_model.sequence import load_span_label_model
from weaklabel.lf.identity import identity_of
from weaklabel.lf.packs import LFCollection
from weaklabel.project.export import export_labeled
from weaklabel.project.gold import gold_inputs
from weaklabel.project.gold_spans import (
    SpanPredictions,
    held_out_rows,
    held_out_span_inputs,
    open_gold_texts,
    predict_spans,
)
from weaklabel.project.names import (
    COUNTS,
    COVERED,
    EXPORT,
    GOLD_SPANS,
    LABEL_COUNTS,
    LABEL_MODEL,
    LABELED,
    LF_TABLE,
    MODELS,
    PAGE,
    REJECTS,
    REPORT,
    SCORES,
    TRAINED,
    TRAINING,
    VOTED,
)
from weaklabel.project.options import Options
from weaklabel.project.outcome import files_of
from weaklabel.project.span_report import write_span_reports
from weaklabel.project.step import Run, named_by_content, read
from weaklabel.registries import EXPORTERS, SPAN_LABEL_MODELS, TAGGERS
from weaklabel.scoring import score_spans
from weaklabel.support.files import write_json
from weaklabel.support.plugins import plugin_versions
from weaklabel.tagger import load_tagger, make_tagger

SHOWN = 2_000
"""Texts from which a report takes its examples, where no gold says which."""


def span_options(project: Project, corpus: Corpus, lfs: LFCollection) -> LabelOptions:
    """Return how a corpus is voted on and labeled."""
    return LabelOptions(
        project.label_model,
        project.seed,
        read_texts=None,
        prefix=first_free_prefix(corpus, new_span_columns()),
        error_budget=project.lfs.error_budget,
        workers=project.lfs.workers,
    )


def _options(run: Run) -> LabelOptions:
    return span_options(run.project, run.corpus, run.lfs)


def _voted(run: Run) -> VotedSpans:
    return read_voted_spans(run.corpus, run.lfs, _options(run), run.folder / VOTED)


def vote(run: Run) -> None:
    """Let every labeling function mark spans in every row; those that did so before are not asked again."""
    (run.folder / VOTED).mkdir(exist_ok=True)
    voted = vote_spans(run.corpus, run.lfs, _options(run), folder=run.folder / VOTED, engine=run.engine)
    write_json(run.folder / COVERED, {"covered": voted.covered})


def label(run: Run) -> None:
    """Fit the label model on the votes, and label every row."""
    labeled = label_spans(
        run.corpus,
        run.lfs,
        _options(run),
        folder=run.work,
        out=run.folder / LABELED,
        voted=_voted(run),
        engine=run.engine,
    )
    labeled.model.save(run.folder / LABEL_MODEL)
    write_json(run.folder / LABEL_COUNTS, labeled.label_counts)


def train(run: Run, name: str) -> None:
    """Train a tagger on the spans of the rows without gold."""
    project = run.project
    options = project.classifier.options() if name == project.classifier.name else {}
    log = run.folder / TRAINING / name
    tagger = make_tagger(name, options, run.lfs.labels, project.seed, log=log, progress=run.progress)
    chosen = training_texts(
        _voted(run),
        load_span_label_model(run.folder / LABEL_MODEL),
        tagger,
        project.classifier.max_rows,
        seed=project.seed,
        held_out=held_out_rows(project, run.corpus),
    )
    tagger.fit(chosen.texts, chosen.labels, words=chosen.words)
    described = chosen.describe()
    noted = {"rows": len(chosen.rows), "trainable": chosen.n_trainable, "described": described}
    write_json(run.folder / TRAINED.format(name), noted)
    packs = ", ".join(Path(spec).name if spec.endswith(".py") else spec for spec in project.lfs.use)
    provenance = (
        f"{len(run.lfs)} labeling functions ({packs}) marked spans in texts of {project.corpus.path.name}; the label model "
        f"'{project.label_model.name}' decided between them. {described}"
    ).strip()
    tagger.save(run.folder / MODELS / name, provenance=provenance)


def tagger_names(project: Project) -> list[str]:
    """Return the names of the taggers that are trained: the fast linear one, and the project's own."""
    return list(dict.fromkeys(["linear", project.classifier.name]))


def predict(run: Run) -> None:
    """Open gold, and let every stage mark spans in its texts."""

    def vote_on(rows: Corpus) -> VotedSpans:
        return vote_spans(rows, run.lfs, _options(run), folder=run.work, engine=run.engine)

    given = open_gold_texts(_voted(run), run.project, vote_on, run.lfs)
    model = load_span_label_model(run.folder / LABEL_MODEL)
    taggers = {name: load_tagger(run.folder / MODELS / name) for name in tagger_names(run.project)}
    predict_spans(given, model, taggers, may_read_texts(model, _options(run))).save(run.folder / GOLD_SPANS)


def score(run: Run) -> None:
    """Score what every stage marked."""
    predicted = SpanPredictions.load(run.folder / GOLD_SPANS)
    scores = {
        name: score_spans(
            predicted.gold, stage.spans, run.lfs.labels, probs=stage.probs, seed=run.project.seed
        ).to_dict()
        for name, stage in predicted.stages.items()
    }
    write_json(run.folder / SCORES, scores)


def export(run: Run) -> None:
    """Write the labeled rows in the forms of other tools, with a dataset card."""
    (run.folder / EXPORT).mkdir(exist_ok=True)
    export_labeled(run.project, run.corpus, run.lfs, run.folder, run.folder / EXPORT)


def report(run: Run) -> None:
    """Write what there is to read about the run."""
    voted = _voted(run)
    predicted = SpanPredictions.load(run.folder / GOLD_SPANS) if run.project.gold is not None else None
    rows = _shown_rows(voted, predicted)
    sample = texts_with_votes(voted, rows) if len(rows) else None
    shown = files_of(run.folder, run.outputs)
    write_span_reports(run, voted, shown, sample, rows, predicted)


def _shown_rows(voted: VotedSpans, predicted: SpanPredictions | None) -> NDArray[np.int64]:
    """Return the rows of the corpus that the report shows examples of: those with gold, or evenly spaced ones."""
    if predicted is not None and predicted.rows is not None:
        return predicted.rows
    return (
        np.unique(np.linspace(0, voted.n - 1, min(voted.n, SHOWN)).astype(np.int64))
        if voted.n
        else np.empty(0, np.int64)
    )


def check_spans_project(project: Project) -> None:
    """Refuse, before any work, what a project cannot say if its pack labels spans.

    Raises
    ------
    ConfigError
        Names the key.
    """
    project.label_model.for_task("spans")
    project.classifier.for_task("spans")
    if project.generator is not None:
        raise ConfigError("[generator] is for labels of whole texts, and the pack labels spans; leave it out")
    if project.select is not None:
        raise ConfigError("[select] is for labels of whole texts, and the pack labels spans; leave it out")
    if project.corpus.entities:
        raise ConfigError("corpus.entities is for relations between two entities; leave it out for spans")
    if project.quality is not None:
        raise ConfigError("[quality] is for labels of whole texts, and the pack labels spans; leave it out")
    gold = project.gold
    if gold is not None and gold.ceiling is not None:
        raise ConfigError("gold.ceiling is for labels of whole texts; leave it out for spans")
    if gold is not None and gold.positive is not None:
        raise ConfigError("gold.positive is for labels of whole texts: spans are scored for every label; leave it out")


def steps_of_spans(project: Project, corpus: Corpus, lfs: LFCollection) -> list[Step[Run]]:
    """Return the steps of a project's run, in order, with all that their results depend on."""
    steps = list(_steps(project, corpus, lfs))
    outputs = {LF_TABLE: "what each labeling function marked", REPORT: "this run as text", PAGE: "this run as a page"}
    before = tuple(step.name for step in steps)
    return [*steps, Step("report", report, outputs, before, settings=Options(project)())]


def _steps(project: Project, corpus: Corpus, lfs: LFCollection) -> Iterator[Step[Run]]:
    options, gold = Options(project), project.gold
    hidden = options("gold.column") if corpus.hide else {}
    identity = identity_of(lfs)
    keys = dict(zip(lfs.names, span_keys(identity, lfs), strict=True))
    kinds = tuple(sorted({type(lf).__module__ for lf in lfs.lfs}))
    voting = hidden | options("lfs.error_budget") | {"labels": list(lfs.all_labels)}
    prefix = first_free_prefix(corpus, new_span_columns())
    encoder = project.label_model.encoder
    held = held_out_span_inputs(project)
    yield Step(
        "read",
        read,
        {REJECTS: "rows that could not be read", COUNTS: ""},
        settings=options("corpus", but=("corpus.path",)),
        files={project.corpus.path.name: corpus.sha256()},
        modules=(type(corpus.source).__module__,),
    )
    yield Step("vote", vote, {VOTED: "", COVERED: ""}, ("read",), settings=voting, lfs=keys, modules=kinds)
    yield Step(
        "label",
        label,
        {
            LABELED: f"the corpus with its spans, in the column {prefix}spans",
            LABEL_MODEL: "the fitted label model",
            LABEL_COUNTS: "",
        },
        ("vote",),
        settings=options("label_model", "seed", but=named_by_content({"label_model.encoder": encoder})),
        files=model_files(encoder),
        packages=plugin_versions(SPAN_LABEL_MODELS.group, project.label_model.name),
        modules=SPAN_LABEL_MODELS.modules(project.label_model.name),
    )
    for name in tagger_names(project):
        is_own = name == project.classifier.name
        by_content = named_by_content({"classifier.model": project.classifier.model})
        yield Step(
            f"train {name}",
            train,
            {
                f"{MODELS}/{name}": f"the {name} tagger",
                f"{TRAINING}/{name}": "loss and speed, epoch by epoch",
                TRAINED.format(name): "",
            },
            ("label", "vote"),
            (name,),
            settings=(
                options("classifier", "seed", but=by_content) if is_own else options("seed", "classifier.max_rows")
            )
            | (hidden | options("gold.split") if gold else {}),
            files=held | (model_files(project.classifier.model) if is_own else {}),
            packages=plugin_versions(TAGGERS.group, name),
            modules=TAGGERS.modules(name),
        )
    if gold is not None:
        yield Step(
            "predict",
            predict,
            {GOLD_SPANS: ""},
            ("vote", "label", *(f"train {name}" for name in tagger_names(project))),
            settings=voting | options("gold.column", "gold.split"),
            files=gold_inputs(project),
            modules=kinds,
        )
        yield Step("score", score, {SCORES: "scores of every stage"}, ("predict",), settings=options("seed"))
    if project.export is not None:
        forms = project.export.to
        yield Step(
            "export",
            export,
            {EXPORT: "the labeled rows for other tools, with a dataset card"},
            ("read", "vote", "label", *(["predict", "score"] if gold is not None else [])),
            settings=hidden
            | options("export", "seed", "title", "protect")
            | (options("gold.split") if gold is not None else {}),
            files=held,
            lfs=keys,
            packages={
                name: version for form in forms for name, version in plugin_versions(EXPORTERS.group, form).items()
            },
            modules=EXPORTERS.modules(*forms),
        )
