"""Batch files of language models, in place of asking them: options of commands that label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.printing import Printing, shown_path, stdout_for_results
from weaklabel.cli.writing import announce_replaced, check_outputs
from weaklabel.errors import visible
from weaklabel.support.progress import showing

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.job import LabelOptions
    from weaklabel.job.batches import BatchesRead, BatchesWritten
    from weaklabel.lf.packs import LFCollection
    from weaklabel.llm.batch import BatchRead, BatchWritten


@dataclass(frozen=True)
class BatchFiles:
    """What to do with batch files, instead of labeling; see `weaklabel.job.batches`."""

    write_batch: Annotated[
        Path | None,
        typer.Option(
            "--write-batch",
            metavar="FILE",
            rich_help_panel="Language models",
            help="Write what is yet to be asked to a batch file (JSONL, in the form of OpenAI's batch API), and stop.",
        ),
    ] = None
    read_batch: Annotated[
        list[Path] | None,
        typer.Option(
            "--read-batch",
            metavar="FILE",
            rich_help_panel="Language models",
            help="Read a provider's answers to a batch file, or its file of errors, and stop; repeatable.",
        ),
    ] = None
    drop_batch: Annotated[
        bool,
        typer.Option(
            "--drop-batch",
            rich_help_panel="Language models",
            help="Take back what is reserved for a batch file that was never sent, and stop.",
        ),
    ] = False

    def given(self, dry_run: bool = False) -> bool:
        """Return whether one of the options is given; two of them, or one with ``--dry-run``, are wrong usage."""
        options = {
            "--write-batch": self.write_batch,
            "--read-batch": self.read_batch,
            "--drop-batch": self.drop_batch,
            "--dry-run": dry_run,
        }
        names = [name for name, value in options.items() if value]
        if len(names) > 1:
            raise typer.BadParameter(f"it contradicts {names[0]}", param_hint=names[1])
        return bool(names) and not dry_run

    def check(self, corpus: Corpus, lfs: LFCollection, printing: Printing, out: str | None = None) -> None:
        """Find out, before any work, whether there is someone to ask, and a file to write that is no other."""
        from weaklabel.job.batches import check_asks

        outputs = [self.write_batch, out] if out not in (None, "-") else [self.write_batch]
        check_outputs(*outputs, corpora=[corpus], lfs=lfs)
        check_asks(lfs)
        announce_replaced(self.write_batch, printing=printing)

    def run(self, corpus: Corpus, lfs: LFCollection, options: LabelOptions, printing: Printing) -> None:
        """Write, read or drop batch files, within the caps that are in force, and print what was done."""
        from weaklabel.job.batches import drop_batches, read_batches, write_batches

        with showing(not printing.quiet), stdout_for_results():
            if self.write_batch is not None:
                written = write_batches(corpus, lfs, options, str(self.write_batch))
                result, text = written.to_dict(), _written(written)
            elif self.read_batch:
                read = read_batches(corpus, lfs, options, [str(path) for path in self.read_batch])
                result, text = read.to_dict(), _read(read)
            else:
                dropped = drop_batches(corpus, lfs, options)
                result, text = {"dropped": dropped}, [f"{dropped:,} requests are no longer reserved"]
        printing.result(result, "\n".join(map(visible, text)))


def _written(batches: BatchesWritten) -> list[str]:
    lines = [_of_model(name, written) for name, written in batches.models.items()]
    if not lines:
        lines = ["nothing is to be asked, so no file was written"]
    return [*lines, *_waiting(batches.waiting)]


def _of_model(name: str, written: BatchWritten) -> str:
    files = ", ".join(map(shown_path, written.files))
    kept = f"; {written.kept:,} replies are there already" if written.kept else ""
    return f"{name}: {written.requests:,} requests, at most {written.most.tokens:,} tokens, written to {files}{kept}"


def _read(batches: BatchesRead) -> list[str]:
    lines = [line for name, read in batches.models.items() for line in _of_answers(name, read)]
    return [*(lines or ["nothing is to be asked"]), *_waiting(batches.waiting)]


def _of_answers(name: str, read: BatchRead) -> list[str]:
    kept = f"; {read.kept:,} were there already" if read.kept else ""
    lines = [f"{name}: {read.replies:,} replies, {read.usage.tokens:,} tokens{kept}"]
    lines += [f"{name}: {count:,} requests failed: {why}" for why, count in read.failures.items()]
    if read.missing:
        lines.append(
            f"{name}: {read.missing:,} prompts have no reply yet; without a batch file, they are asked one by one"
        )
    return lines


def _waiting(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [
        f"which rows {', '.join(names)} is asked about depends on these replies: write a batch file again after them"
    ]
