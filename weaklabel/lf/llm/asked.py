"""Asking a language model about the rows of a batch, alone or several at once, and what it answered about each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import visible
from weaklabel.lf.core import VoteNote, check_columns, column_text
from weaklabel.lf.llm.answers import OFF_LIST, AnswerReader
from weaklabel.lf.llm.data import BYTES_PER_TOKEN, as_data, cut
from weaklabel.lf.llm.prompts import Example, PromptWriter
from weaklabel.lf.llm.similar import ExamplePool
from weaklabel.support.cache import Store, cache_folder
from weaklabel.support.hashing import hash_parts, sha256_of_json

if TYPE_CHECKING:
    from weaklabel.llm import Answer, LanguageModel, Prompt, Reply

OFF_LIST_NOTE = "answer off the list"
CUT_NOTE = "text cut"
ALONE_NOTE = "asked again alone"

ROWS_FILE = "llm-rows.sqlite"
"""What was answered about each row, for explanations; in the folder of the caches."""

SHOWN_ANSWER = 80
"""Characters of an answer off the list that are shown."""

AT_ONCE = 2_000
"""Prompts that are in memory at once."""

_LOOKED_THROUGH = 4
"""Times the budget of a text that is looked through for personal data before it is cut."""


class ShownRow(NamedTuple):
    """A row as a prompt shows it.

    Attributes
    ----------
    fields
        The columns that are read, ready to be shown.
    left_out
        How many characters of them were left out.
    identity
        Hash of the columns as they are in the corpus.
    """

    fields: tuple[str, ...]
    left_out: int
    identity: bytes


Group: TypeAlias = dict[ShownRow, list[int]]
"""Different rows of one prompt, with the places of each in the batch."""


@dataclass(frozen=True)
class Answered:
    """What was answered about a row.

    Attributes
    ----------
    probs
        Probability of each answer, the last one that of all off the list. Shape: [answers + 1].
    is_told
        Whether the model told them, or several samples show them; else the only answer has all.
    texts
        The answers as the model wrote them.
    notes
        See `VoteNote`.
    failure
        Why there is no answer, and then nothing else counts.
    """

    probs: NDArray[np.float64]
    is_told: bool = False
    texts: tuple[str, ...] = ()
    notes: tuple[VoteNote, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class Questions:
    """What is asked about rows, and how answers are read.

    Attributes
    ----------
    writer
        Writes the prompts.
    examples
        Shown in every prompt.
    pool, shots
        Where further examples are chosen for each row, and how many of them.
    text_tokens
        Tokens, roughly, of each text that are shown.
    rows_per_prompt
        Rows of a prompt.
    """

    writer: PromptWriter
    examples: tuple[Example, ...]
    pool: ExamplePool | None
    shots: int
    text_tokens: int
    rows_per_prompt: int

    def identity(self) -> dict[str, Any]:
        """Return, as JSON, what the prompts depend on besides the rows."""
        from weaklabel.lf.llm import VERSION

        pool = None if self.pool is None else self.pool.examples
        return {
            "version": VERSION,
            "prompt": {**self.writer.identity(), "labels": list(self.writer.labels.items())},
            "examples": [[list(each.fields), each.label] for each in self.examples],
            "pool": None if pool is None else [sha256_of_json(pool), self.shots],
            "text_tokens": self.text_tokens,
            "rows_per_prompt": self.rows_per_prompt,
        }

    def with_logprobs(self) -> Questions:
        """Return the same questions, with probabilities wanted."""
        return replace(self, writer=replace(self.writer, logprobs=self.writer.samples == 1))

    def rows(self, batch: Batch) -> list[ShownRow | None]:
        """Return the rows as prompts show them, None for a blank one: personal data hidden, as data, cut. Length: n."""
        columns = [self._texts(column, batch) for column in self.writer.columns]
        shown: dict[tuple[str, ...], ShownRow | None] = {}
        rows = list(zip(*columns, strict=True))
        for row in rows:
            if row not in shown:
                shown[row] = self._as_shown(row) if any(text.strip() for text in row) else None
        return [shown[row] for row in rows]

    def groups(self, rows: Sequence[ShownRow | None], start: int) -> list[Group]:
        """Return which rows are asked about together.

        With several rows a prompt, the rows whose number in the corpus divided by ``rows_per_prompt`` is the same are asked
        about together, blank ones left out and equal ones once, so that the prompts do not depend on how the
        corpus is cut, as long as it is cut at multiples of ``rows_per_prompt``. Else equal rows are asked about once.

        Parameters
        ----------
        rows
            From `rows`.
        start
            Number in the corpus of the first one.
        """
        groups: dict[int, Group] = {}
        for place, row in enumerate(rows):
            if row is not None:
                number = 0 if self.rows_per_prompt == 1 else (start + place) // self.rows_per_prompt
                groups.setdefault(number, {}).setdefault(row, []).append(place)
        if self.rows_per_prompt == 1:
            return [{row: places} for group in groups.values() for row, places in group.items()]
        return list(groups.values())

    def prompts(self, groups: Sequence[Group]) -> list[Prompt]:
        """Return the prompt about each group. Length: groups."""
        if self.rows_per_prompt == 1:
            return list(self._alone([row for group in groups for row in group]))
        return [self.writer.for_rows([row.fields for row in group], self.examples) for group in groups]

    def ask(self, model: LanguageModel, batch: Batch) -> list[Answered | None]:
        """Ask about the rows of a batch; None for a blank row, which is not asked about. Length: n."""
        from weaklabel.llm import asking

        rows = self.rows(batch)
        groups = self.groups(rows, batch.start)
        answered: list[Answered | None] = [None] * len(rows)
        for begin in range(0, len(groups), AT_ONCE):
            some = groups[begin : begin + AT_ONCE]
            replies = asking().ask(model, self.prompts(some))
            if self.rows_per_prompt == 1:
                pairs = ((row, reply) for group, reply in zip(some, replies, strict=True) for row in group)
                read = [{row: self._read_row(reply, row)} for row, reply in pairs]
            else:
                read = self._read_groups(model, some, replies)
            self._remember(model, read)
            for group, of_rows in zip(some, read, strict=True):
                for row, places in group.items():
                    for place in places:
                        answered[place] = of_rows[row]
        return answered

    def _read_groups(
        self, model: LanguageModel, groups: Sequence[Group], replies: Sequence[Reply]
    ) -> list[dict[ShownRow, Answered]]:
        """Read answers about several rows each, and ask alone about every row that has none."""
        from weaklabel.llm import NOT_ASKED, asking

        read = [
            dict.fromkeys(group, self._failed(reply))
            if reply.failure == NOT_ASKED
            else self._read_rows(reply, list(group))
            for group, reply in zip(groups, replies, strict=True)
        ]
        pairs = list(zip(groups, read, strict=True))
        different = list(dict.fromkeys(row for group, of_rows in pairs for row in group if row not in of_rows))
        alone = dict(zip(different, asking().ask(model, list(self._alone(different))), strict=True))
        note = VoteNote(ALONE_NOTE, "the answer about several rows lacked it")
        for group, of_rows in pairs:
            of_rows |= {row: self._read_row(alone[row], row, [note]) for row in group if row not in of_rows}
        return read

    def _remember(self, model: LanguageModel, read: Iterable[Mapping[ShownRow, Answered]]) -> None:
        """Keep what was answered about each row, for explanations."""
        if self._memory is not None:
            asked = self._hash(model)
            answered = (item for of_rows in read for item in of_rows.items() if not item[1].failure)
            self._memory.put_many({hash_parts([asked, row.identity]): _packed(each) for row, each in answered})

    def remembered(self, model: LanguageModel, row: ShownRow) -> Answered | None:
        """Return what was last answered about a row, whatever was hidden in it then; None where that is not kept."""
        key = hash_parts([self._hash(model), row.identity])
        packed = {} if self._memory is None else self._memory.get_many([key])
        return _unpacked(packed[key]) if key in packed else None

    def _hash(self, model: LanguageModel) -> str:
        return sha256_of_json([model.identity(), self.identity()])

    @cached_property
    def _reader(self) -> AnswerReader:
        return AnswerReader({text: place for place, text in enumerate(self.writer.choices)})

    @property
    def _memory(self) -> Store | None:
        folder = cache_folder()
        return None if folder is None else Store(Path(folder) / ROWS_FILE)

    def _texts(self, column: str, batch: Batch) -> list[str]:
        if column == TEXT and batch.text:
            return batch.texts
        check_columns(self.writer.name, (column,), batch)
        return batch.frame.select(column_text(column).fill_null("")).to_series().to_list()

    def _as_shown(self, row: Sequence[str]) -> ShownRow:
        from weaklabel.llm import asking

        fields, left_out = [], 0
        for text in row:
            # Cut generously first, for speed, so that no personal data is cut in two before it is hidden.
            head = text[: self.text_tokens * BYTES_PER_TOKEN * _LOOKED_THROUGH]
            shown, more = cut(as_data(asking().protected(head)), self.text_tokens)
            fields.append(shown)
            left_out += more + len(text) - len(head)
        return ShownRow(tuple(fields), left_out, hash_parts(list(row)))

    def _alone(self, rows: Sequence[ShownRow]) -> Iterator[Prompt]:
        if self.pool is None:
            return (self.writer.for_row(row.fields, self.examples) for row in rows)
        nearest = self.pool.nearest_to([row.fields for row in rows], self.shots)
        return (
            self.writer.for_row(row.fields, [*self.examples, *map(self._protected, examples)])
            for row, examples in zip(rows, nearest, strict=True)
        )

    def _protected(self, example: Example) -> Example:
        return Example(self._as_shown(example.fields).fields, example.label)

    def _read_row(self, reply: Reply, row: ShownRow, notes: Iterable[VoteNote] = ()) -> Answered:
        """Return what a reply says about one row."""
        if reply.failure:
            return self._failed(reply)
        return self._answered(row, [(each, each.text) for each in reply.answers], notes)

    def _read_rows(self, reply: Reply, rows: Sequence[ShownRow]) -> dict[ShownRow, Answered]:
        """Return what a reply says about those of several rows that every sample of it answers."""
        by_sample = [
            self._reader.rows(each.text, len(rows)) if each.finished else [None] * len(rows) for each in reply.answers
        ]
        read = {}
        for place, row in enumerate(rows):
            labels = [label for of_sample in by_sample if (label := of_sample[place]) is not None]
            if labels and len(labels) == len(by_sample):
                plain = (replace(each, probs=None) for each in reply.answers)
                read[row] = self._answered(row, list(zip(plain, labels, strict=True)))
        return read

    def _answered(
        self, row: ShownRow, answers: Sequence[tuple[Answer, str]], notes: Iterable[VoteNote] = ()
    ) -> Answered:
        """Add up the answers about a row, each with the text that is read."""
        choices, notes = self.writer.choices, list(notes)
        probs = np.zeros(len(choices) + 1)
        for answer, text in answers:
            place = self._reader.number(text)
            total = sum(answer.probs.values()) if answer.probs else 0.0
            if place == OFF_LIST:  # even where the model tells probabilities: they are of what it did not say
                probs[-1] += 1
                notes.append(VoteNote(OFF_LIST_NOTE, _shown(answer, text)))
            elif answer.probs and total > 0:
                probs[:-1] += np.array([answer.probs.get(choice, 0.0) for choice in choices]) / total
            else:
                probs[place] += 1
        if row.left_out:
            notes.append(VoteNote(CUT_NOTE, f"{row.left_out:,} characters left out"))
        once = {note.what: note for note in reversed(notes)}
        is_told = len(answers) > 1 or all(answer.probs for answer, _ in answers)
        return Answered(probs / len(answers), is_told, tuple(text for _, text in answers), tuple(once.values()))

    def _failed(self, reply: Reply) -> Answered:
        return Answered(np.zeros(len(self.writer.choices) + 1), failure=reply.failure)

    def __getstate__(self) -> Mapping[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_reader"}


def _shown(answer: Answer, text: str) -> str:
    """Return an answer as a note shows it."""
    line = visible(" ".join(text.split()))
    shown = f"{line[:SHOWN_ANSWER]}..." if len(line) > SHOWN_ANSWER else line
    return repr(shown) + ("" if answer.finished else " (cut off by the most tokens of an answer)")


def _packed(answered: Answered) -> bytes:
    value = [answered.probs.tolist(), answered.is_told, answered.texts, answered.notes]
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _unpacked(packed: bytes) -> Answered | None:
    try:
        probs, is_told, texts, notes = json.loads(packed)
        return Answered(np.array(probs), bool(is_told), tuple(texts), tuple(VoteNote(*note) for note in notes))
    except (ValueError, TypeError):
        return None
