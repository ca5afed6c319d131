"""Who works on the parts of a job. An engine may do them in any order and place: the output is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from weaklabel.corpus import Corpus
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.job.output import Output

if TYPE_CHECKING:
    from weaklabel.job.work import LabelJob, PartSummary


class WritingJob(Protocol):
    """A job that writes rows, part by part."""

    corpus: Corpus
    output: Output

    def parts(self, after: Part | None = None) -> Iterator[PartRows]:
        """Read the corpus in the parts of this job."""
        ...

    def read(self, part: Part) -> PartRows:
        """Read a part as far as `write` needs it."""
        ...

    def write(self, rows: PartRows) -> None:
        """Write a part."""
        ...


class Engine(Protocol):
    """Does the two passes of a job over its corpus."""

    def vote(self, job: LabelJob) -> Iterator[PartSummary]:
        """Make sure that all votes are in the job's store; give what they come to, part by part, in order."""
        ...

    def write(self, job: WritingJob, parts: Sequence[Part] | None = None) -> Iterator[Part]:
        """Make sure that all parts of the output are written; give them as they are done.

        ``parts`` are all parts of the corpus, where they are known.
        """
        ...


class LocalEngine:
    """This process, which reads the corpus once for each pass; its labeling functions may have processes of their own."""

    def vote(self, job: LabelJob) -> Iterator[PartSummary]:
        """See `Engine`; what is known up to the first gap is not read again."""
        last = None
        while (votes := job.voted(last.number + 1 if last else 0)) is not None:
            last = votes.part
            yield job.summary(votes, is_new=False)
        yield from job.vote(job.parts(after=last))

    def write(self, job: WritingJob, parts: Sequence[Part] | None = None) -> Iterator[Part]:
        """See `Engine`."""
        last = None
        for part in parts or ():
            if not job.output.has(part.number):
                break
            last = part
            yield part
        if parts is not None and job.corpus.source.extent() is not None:
            for part in parts[last.number + 1 if last else 0 :]:
                if not job.output.has(part.number):
                    job.write(job.read(part))
                yield part
            return
        for rows in job.parts(after=last):  # a packed input is best unpacked once
            if not job.output.has(rows.part.number):
                job.write(rows)
            yield rows.part
