"""Batch files of a job: what language models are yet to be asked, for a provider that answers later, and its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.corpus import Corpus
from weaklabel.errors import LanguageModelError
from weaklabel.job.asked import asking_in_job, budget_in
from weaklabel.job.costs import parts_to_ask, turns_of
from weaklabel.job.folder import JobFolder
from weaklabel.job.label import label_identity, label_job
from weaklabel.job.voting import LabelOptions
from weaklabel.lf.packs import LFCollection
from weaklabel.llm import asking
from weaklabel.llm.batch import check_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from weaklabel.config import LLMSettings
    from weaklabel.llm import Asking, LanguageModel, Prompt
    from weaklabel.llm.batch import BatchRead, BatchWritten


@dataclass(frozen=True)
class ToAsk:
    """What one language model is yet to be asked.

    Attributes
    ----------
    model
        The model.
    lfs
        Names of the labeling functions that ask it.
    prompts
        Each once.
    """

    model: LanguageModel
    lfs: tuple[str, ...]
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True)
class BatchesWritten:
    """The batch files that were written.

    Attributes
    ----------
    models
        What was written for each model, by its name; only those with requests.
    waiting
        Labeling functions whose rows depend on votes that are not there: they are for a later batch.
    """

    models: dict[str, BatchWritten]
    waiting: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        models = {
            name: {
                "files": list(map(str, written.files)),
                "requests": written.requests,
                "kept": written.kept,
                "most_tokens": written.most.tokens,
            }
            for name, written in self.models.items()
        }
        return {"models": models, "waiting": list(self.waiting)}


@dataclass(frozen=True)
class BatchesRead:
    """The answers that were read.

    Attributes
    ----------
    models
        What was read for each model, by its name.
    waiting
        As of `BatchesWritten`, after the answers were read.
    """

    models: dict[str, BatchRead]
    waiting: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        models = {
            name: {
                "replies": read.replies,
                "tokens": read.usage.tokens,
                "kept": read.kept,
                "failures": dict(read.failures),
                "missing": read.missing,
            }
            for name, read in self.models.items()
        }
        return {"models": models, "waiting": list(self.waiting)}


def check_asks(lfs: LFCollection) -> None:
    """Refuse, as a `LanguageModelError`, labeling functions none of which asks a language model."""
    if not any(lf.asks for lf in lfs):
        raise LanguageModelError(f"none of the labeling functions {', '.join(lfs.names)} asks a language model")


@contextmanager
def asking_for_output(
    corpus: Corpus,
    lfs: LFCollection,
    out: str,
    options: LabelOptions,
    llm: LLMSettings,
    protect: Callable[[str], str] | None,
) -> Iterator[None]:
    """Let batch files be written and read within the caps that count for labeling a corpus into ``out``.

    The folder ``OUT.job`` stays until `weaklabel.job.label_file` has written ``out``.
    """
    job = label_job(corpus, lfs, options)
    with JobFolder(out, label_identity(job, out)) as folder:
        folder.is_to_stay = True
        with asking_in_job(lfs, llm, partial(budget_in, folder.path), protect):
            yield


def to_ask(corpus: Corpus, lfs: LFCollection, options: LabelOptions) -> tuple[list[ToAsk], tuple[str, ...]]:
    """Return what language models are yet to be asked about a corpus, and the labeling functions whose rows are not known yet.

    Labeling functions that cost nothing vote, if others wait for their votes.

    Parameters
    ----------
    corpus, lfs, options
        As for `weaklabel.job.label_corpus`.

    Raises
    ------
    WeakLabelError
        The corpus cannot be read, a labeling function is at fault, or none of them asks a language model.
    """
    check_asks(lfs)
    job = label_job(corpus, lfs, options)
    job.move_to(job.scratch)
    try:
        turns = turns_of(job, [place for place, lf in enumerate(lfs.lfs) if lf.asks], vote=True)
        by_model: dict[str, tuple[LanguageModel, list[str], dict[Prompt, None]]] = {}
        for turn, batch in parts_to_ask(job, [turn for turn in turns if not turn.is_bound], "collecting prompts"):
            lf = lfs.lfs[turn.place]
            model = lf.language_model()
            assert model is not None
            _, names, prompts = by_model.setdefault(repr(model.identity()), (model, [], {}))
            if lf.name not in names:
                names.append(lf.name)
            prompts.update(dict.fromkeys(lf.prompts(batch)))
        waiting = tuple(lfs.names[turn.place] for turn in turns if turn.is_bound)
        return [ToAsk(model, tuple(names), tuple(prompts)) for model, names, prompts in by_model.values()], waiting
    finally:
        job.close()


def write_batches(corpus: Corpus, lfs: LFCollection, options: LabelOptions, path: str) -> BatchesWritten:
    """Write what language models are yet to be asked about a corpus to batch files, one for each model.

    It is reserved within the caps that are in force until `read_batches` or `drop_batches` is called.

    Parameters
    ----------
    corpus, lfs, options
        As for `weaklabel.job.label_corpus`.
    path
        The file; with several models their names are added to it.

    Raises
    ------
    BudgetError
        The requests would exceed a cap.
    WeakLabelError
        As `to_ask`; or a model takes no batch files.
    """
    questions, waiting = to_ask(corpus, lfs, options)
    written = {}
    for each in questions:
        file = _file_of(path, each.model.name) if len(questions) > 1 else Path(path)
        written[each.model.name] = asking().write_batch(each.model, each.prompts, file)
    return BatchesWritten({name: batch for name, batch in written.items() if batch.requests}, waiting)


def read_batches(corpus: Corpus, lfs: LFCollection, options: LabelOptions, files: Sequence[str]) -> BatchesRead:
    """Read the answers to batch files, and the files of errors, so that labeling finds them.

    Parameters
    ----------
    corpus, lfs, options
        As for `write_batches`.
    files
        What the provider wrote, of one model or of several.

    Raises
    ------
    WeakLabelError
        As `to_ask`; or no line of the files answers what is yet to be asked.
    """
    questions, _ = to_ask(corpus, lfs, options)
    asked: Asking = asking()
    read = {each.model.name: asked.read_batch_of_several(each.model, each.prompts, *files) for each in questions}
    if all(len(each.unmatched) == each.lines for each in read.values()):
        for each in read.values():
            check_batch(each, files)
    return BatchesRead(read, to_ask(corpus, lfs, options)[1])


def drop_batches(corpus: Corpus, lfs: LFCollection, options: LabelOptions) -> int:
    """Take back what is reserved for batch files that were never sent, and return of how many requests.

    Raises
    ------
    WeakLabelError
        As `to_ask`.
    """
    questions, _ = to_ask(corpus, lfs, options)
    return sum(asking().drop_batch(each.model, each.prompts) for each in questions)


def _file_of(path: str, model: str) -> Path:
    """Return the file of one of several models."""
    name = "".join(character if character.isalnum() or character in "-._" else "-" for character in model)
    return Path(path).with_name(f"{Path(path).stem}-{name}{Path(path).suffix}")
