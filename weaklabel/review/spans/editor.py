"""Editing gazetteers and regexes that mark spans: which can be edited, what a change would do, and saving it."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from weaklabel.errors import LFError, nearest
from weaklabel.lf.core import LF
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.spans.core import SpanLF
from weaklabel.review.packs.editor import Packs, Saved
from weaklabel.review.packs.files import PackPlace, load_uncached, replace_pack
from weaklabel.review.packs.lf_spec import SPAN_MAKERS, EditableLF, LFSpec, option_defaults
from weaklabel.review.packs.source import LFCall, class_source, literal
from weaklabel.review.spans.proposing import vote_again
from weaklabel.review.spans.review import SpanReview
from weaklabel.scoring.intervals import Share, share
from weaklabel.support.warn import kept_warnings
from weaklabel.units import Spans, in_code_points
from weaklabel.votes import apply_lfs
from weaklabel.votes.spans import SpanVotes

PREVIEW_SECONDS = 10
"""Maximum time of a preview: others wait for the same cores."""

PREVIEW_ROWS = 5_000
"""Rows voted on between two looks at the clock."""

MOST_EXAMPLES = 20

_CONTENT = {"gazetteer": "entries", "regex spans": "pattern"}
"""The option that says what is marked."""


@dataclass(frozen=True)
class SpanChange:
    """A span that an edit brings or takes: row, begin and end in code points, and label."""

    row: int
    begin: int
    end: int
    label: str


@dataclass(frozen=True)
class SpanPreview:
    """What an edited labeling function of spans would do.

    Attributes
    ----------
    n_rows
        Rows that it was tried on: the first ones of the corpus, as many as there was time for.
    n_spans, n_before
        Spans that it marks there as edited, and as saved.
    precision, precision_before
        Share of its spans on completed texts that are right.
    n_gained, n_lost
        Spans that it would mark and did not, and did and would not.
    gained, lost
        The first few of these.
    notes
        Remarks on the labeling function, one sentence each.
    """

    n_rows: int
    n_spans: int
    n_before: int
    precision: Share
    precision_before: Share
    n_gained: int
    n_lost: int
    gained: tuple[SpanChange, ...]
    lost: tuple[SpanChange, ...]
    notes: tuple[str, ...] = ()


class SpanPacks(Packs):
    """Labeling functions of spans and their sources; a change of a file makes another object."""

    def _spec(self, lf: LF, place: PackPlace) -> tuple[LFSpec, int]:
        """Return spec and line of a labeling function; a ValueError says why it cannot be edited."""
        if lf.kind not in SPAN_MAKERS:
            raise ValueError("only gazetteers and regexes can be edited here")
        if lf.label is None:
            raise ValueError("it has several labels, or says what is no entity")
        if place.file is None or place.file not in self.sources:
            raise ValueError("its source was not found")
        calls = self.sources[place.file].calls.get(lf.name, [])
        if len(calls) != 1 or calls[0].kind != lf.kind or "label" not in calls[0].arguments:
            raise ValueError("it is not made by one simple call at the top level of its file")
        options = calls[0].options()
        content = options.get(_CONTENT[lf.kind])
        if lf.kind == "gazetteer" and not isinstance(content, list):
            raise ValueError("its entries are in a file of their own")
        if isinstance(content, list) and lf.kind != "gazetteer":
            raise ValueError("it has several regexes")
        spec = LFSpec(lf.kind, lf.name, self.labels[lf.label], options)
        with kept_warnings():  # shown when the pack was loaded
            made = spec.make_span_lf(self.labels, named=_is_named(calls[0]))
        if fingerprint(made) != fingerprint(lf):
            raise ValueError("its file differs from what was loaded")
        return spec, calls[0].node.lineno


class SpanEditor:
    """Edits gazetteers and regexes of a review of spans.

    Packs are read when the editor is made; a file that was changed by others since is not written to.
    """

    def __init__(self, review: SpanReview) -> None:
        self._review = review
        self._packs = SpanPacks.read(review.lfs, review.all_labels)

    def lfs(self) -> list[EditableLF]:
        """Return every labeling function, and whether it can be edited. Length: m."""
        return list(self._packs.editable.values())

    def get(self, name: str) -> EditableLF:
        """Return one of them; an unknown name is an `LFError`."""
        editable: Mapping[str, EditableLF] = self._packs.editable
        if name not in editable:
            raise LFError(f"no labeling function is called '{name}'{nearest(name, editable)}")
        return editable[name]

    def spec(self, name: str) -> LFSpec | None:
        """Return what can be changed for a preview: of one that cannot be saved, too, as it was loaded; None if nothing can."""
        editable = self.get(name)
        return editable.spec or _as_loaded(editable, self._review)

    def preview(self, spec: LFSpec) -> SpanPreview:
        """Return what an edited labeling function would do on the corpus, or as much of it as there is time for.

        Raises
        ------
        LFError
            ``spec`` is invalid, or there is no labeling function of its name.
        """
        review = self._review
        snapshot = review.snapshot
        if snapshot.votes is None or spec.name not in snapshot.votes.lf_names:
            raise LFError(f"no labeling function is called '{spec.name}'")
        with kept_warnings() as notes:
            made = spec.make_span_lf(review.all_labels)
            new, n_rows = self._votes_in_time(made)
        old = snapshot.voted[snapshot.votes.lf_names.index(spec.name)]
        old = old.take(old.row < n_rows)
        gold, judged = review.gold().keys(), review.has_gold()
        new_keys, old_keys = new.keys(), old.keys()
        is_gained, is_lost = ~np.isin(new_keys, old_keys), ~np.isin(old_keys, new_keys)

        def precision(spans: Spans) -> Share:
            of_judged = spans.take(judged[spans.row])
            return share(int(np.isin(of_judged.keys(), gold).sum()), len(of_judged))

        return SpanPreview(
            n_rows,
            len(new),
            len(old),
            precision(new),
            precision(old),
            int(is_gained.sum()),
            int(is_lost.sum()),
            self._changes(new.take(is_gained)),
            self._changes(old.take(is_lost)),
            tuple(notes),
        )

    def save(self, spec: LFSpec) -> Saved:
        """Write an edited labeling function to its pack and compute its votes; spans change with `SpanReview.relabel`.

        Raises
        ------
        LFError
            As for `preview`; it cannot be edited; its pack is an installed one; its file has changed on the disk, or cannot
            be loaded after the change.
        WeakLabelError
            The file cannot be written, or another process has changed labeling functions of this review.
        """
        review, packs = self._review, self._packs
        old = self.get(spec.name)
        if old.spec is None or old.file is None:
            raise LFError(f"LF '{old.name}' cannot be edited: {old.why}")
        if spec.kind != old.spec.kind:
            raise LFError(f"LF '{old.name}': its kind cannot be changed; write a new labeling function instead")
        if not packs.places[old.name].is_own:
            raise LFError(
                f"LF '{old.name}' is in an installed pack: copy {old.file} into a pack of your own, and edit that"
            )
        source = packs.sources[old.file]
        call = source.calls[old.name][0]
        named = _is_named(call)
        with kept_warnings():  # a preview shows them
            made = spec.make_span_lf(review.all_labels, named)
        label = None
        if spec.label != old.spec.label:
            number = made.number_of(made.labels[0])
            label = literal(spec.label) if named else class_source(source, number, spec.label, packs.classes)
        options = {name: value for name, value in spec.options.items() if value != old.spec.options[name]}
        with review.lock, review.source.workspace.changing():
            replace_pack(source.with_options(call, label, options), source.data, self._expected(made, old))
            lfs = load_uncached(*review.source.workspace.specs(review.source.use))
            votes = vote_again(lfs, review.snapshot.votes, review.source.corpus, spec.name)
            review.snapshot = replace(review.snapshot, lfs=lfs, votes=votes, is_stale=True)
            self._packs = SpanPacks.read(lfs, review.all_labels)
        return Saved(old.file, False, "")

    def _expected(self, made: SpanLF, old: EditableLF) -> Callable[[LFCollection], None]:
        review = self._review

        def check(loaded: LFCollection) -> None:
            there = {lf.name: lf for lf in loaded}.get(made.name)
            is_as_made = there is not None and fingerprint(there) == fingerprint(made)
            if loaded.labels != review.labels or not is_as_made:
                raise LFError(f"{old.file} would not contain LF '{made.name}' as edited; edit the file instead")

        return check

    def _votes_in_time(self, made: SpanLF) -> tuple[Spans, int]:
        """Vote on the corpus, some rows at a time, for `PREVIEW_SECONDS`; return the spans, and on how many rows they are."""
        review, until = self._review, time.monotonic() + PREVIEW_SECONDS
        columns: list[np.ndarray] = []
        n_rows = 0
        while n_rows < len(review) and (time.monotonic() < until or not n_rows):
            last = min(n_rows + PREVIEW_ROWS, len(review))
            votes: object = apply_lfs([made], review.batch.part(n_rows, last).frame, labels=review.all_labels)
            assert isinstance(votes, SpanVotes) and votes.words is not None
            spans = in_code_points(votes.spans[0], votes.words)
            columns.append(np.stack([spans.row + n_rows, spans.begin, spans.end, spans.label]))
            n_rows = last
        row, begin, end, label = np.concatenate([np.empty((4, 0), np.int64), *columns], axis=1)
        return Spans(row, begin, end, label, len(review)), n_rows

    def _changes(self, spans: Spans) -> tuple[SpanChange, ...]:
        labels = self._review.all_labels
        table = zip(
            *(column[:MOST_EXAMPLES].tolist() for column in (spans.row, spans.begin, spans.end, spans.label)),
            strict=True,
        )
        return tuple(SpanChange(row, begin, end, labels[label]) for row, begin, end, label in table)


def _is_named(call: LFCall) -> bool:
    """Whether the source gives the label by its name."""
    node = call.arguments["label"]
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _as_loaded(editable: EditableLF, review: SpanReview) -> LFSpec | None:
    """Return the spec of regexes that the source computes, as they were loaded; None of others."""
    (lf,) = (each for each in review.lfs or () if each.name == editable.name)
    if lf.kind != "regex spans" or lf.label is None:
        return None
    loaded = lf.options()
    pattern = {"pattern": loaded.get("pattern", loaded.get("patterns"))}
    spec = LFSpec(lf.kind, lf.name, review.all_labels[lf.label], option_defaults(lf.kind) | pattern)
    with kept_warnings():  # shown when the pack was loaded
        made = [spec.make_span_lf(review.all_labels, named) for named in (True, False)]
    return spec if fingerprint(lf) in map(fingerprint, made) else None
