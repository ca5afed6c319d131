"""Spans in files of texts and tags: CoNLL and its relatives, brat's standoff, and spaCy's DocBin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from weaklabel.corpus.records import Reject
from weaklabel.decisions.span_tools import Region, marked
from weaklabel.decisions.tools import UNLABELED, Annotation, NamedSpan, NotLabeled, Problem
from weaklabel.errors import CorpusError, VoteError, require
from weaklabel.support.encodings import wrong_bytes
from weaklabel.units import read_tags
from weaklabel.units.tokens import place_tokens

# ----------------------------------------------------------------------- CoNLL

COMMENT = re.compile(r"# ([\w.]+) = (.*)")
"""A line that says something of the sentence below it: ``text``, ``id`` and ``spans`` are read, as JSON or plain."""

_TAG = re.compile(r"O|[BIESLU](-.+)?")


@dataclass
class _Sentence:
    line: int
    said: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def read_conll(path: Path) -> Iterator[Annotation | Reject]:
    """Give the sentences of a file in CoNLL's form: a word and its tag a line, and an empty line behind each sentence.

    The word is the first column, the tag the last one; columns are separated by tabs or, in lines without them, by spaces.
    Lines ``-DOCSTART-`` are passed over. A comment ``# text = ...`` has the text itself, ``# id = ...`` the id of its row;
    without the first, words are joined by single spaces.

    Raises
    ------
    CorpusError
        The file cannot be read.
    """
    sentence: _Sentence | None = None
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            if sentence is not None:
                yield _of_sentence(sentence)
            sentence = None
            continue
        if line.startswith("-DOCSTART-"):
            continue
        sentence = sentence or _Sentence(number)
        if not sentence.words and line.startswith("# ") and (comment := COMMENT.fullmatch(line)):
            sentence.said[comment[1]] = comment[2]
            continue
        columns = line.split("\t") if "\t" in line else line.split(" ")
        columns = [column for column in columns if column]
        if not sentence.words and line.startswith("#") and not (len(columns) > 1 and _TAG.fullmatch(columns[-1])):
            continue  # a comment of another tool
        if len(columns) < 2:
            yield Reject(number, f"line {number}: it has no tag beside its word", line)
            sentence.words.append("")  # of which no text consists, so that the sentence is a reject, too
            sentence.tags.append("O")
            continue
        sentence.words.append(columns[0])
        sentence.tags.append(columns[-1])
    if sentence is not None:
        yield _of_sentence(sentence)


def _of_sentence(sentence: _Sentence) -> Annotation | Reject:
    """Return what a sentence says; the exact spans where tags cannot say them, as long as tags agree with them."""
    where = f"line {sentence.line}"
    try:
        text, places = _text_of(sentence)
        spans, labels = read_tags([sentence.tags])
    except (ValueError, VoteError) as error:
        return Reject(sentence.line, f"{where}: {error}", " ".join(sentence.words))
    by_tags = [(places[b][0], places[e - 1][1], labels[k]) for b, e, k in spans.of_row(0)]
    exact = _exact_spans(sentence.said.get("spans"), text)
    named = exact if exact is not None and _agree(on_places(exact, places), by_tags) else by_tags
    row_id = _said(sentence.said.get("id"))
    given = Annotation("", text, row_id, line=sentence.line, where=where, spans=tuple(named))
    return given if "text" in sentence.said else _joined(given)


def _joined(given: Annotation) -> Annotation:
    return Annotation(
        "", given.text, given.row_id, line=given.line, where=given.where, spans=given.spans, is_joined=True
    )


def _agree(widened: Sequence[NamedSpan], by_tags: Sequence[NamedSpan]) -> bool:
    """Say whether tags are those of spans, of which some may be hidden by others that take the same word."""
    is_there = set(by_tags) <= set(widened)
    return is_there and all(any(span[0] < tag[1] and tag[0] < span[1] for tag in by_tags) for span in widened)


def on_places(spans: Sequence[NamedSpan], places: Sequence[tuple[int, int]]) -> list[NamedSpan]:
    """Return spans as words have them: each from the first to the last word that it touches; those of no word are none."""
    widened = []
    for begin, end, label in spans:
        touched = [place for place in places if place[0] < end and begin < place[1]]
        if touched:
            widened.append((touched[0][0], touched[-1][1], label))
    return sorted(widened)


def _text_of(sentence: _Sentence) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of a sentence, and where its words are."""
    said = sentence.said.get("text")
    candidates = (
        [" ".join(sentence.words)] if said is None else [text for text in (_said(said), said) if text is not None]
    )
    for text in candidates:
        places = place_tokens(text, sentence.words)
        if places is not None:
            return text, places
    if said is None:
        raise ValueError("a word is empty")
    raise ValueError("its words are not those of the text that '# text =' gives")


def _said(value: str | None) -> str | None:
    """Return what a comment says: JSON text if it is, else as it is written."""
    if value is not None and value.startswith('"'):
        try:
            spelled = json.loads(value)
        except ValueError:
            return value
        return spelled if isinstance(spelled, str) else value
    return value


def _exact_spans(value: str | None, text: str) -> list[NamedSpan] | None:
    if value is None:
        return None
    try:
        spans = [(begin, end, label) for begin, end, label in json.loads(value)]
    except (ValueError, TypeError):
        return None
    is_right = all(
        isinstance(label, str) and type(begin) is int and type(end) is int and 0 <= begin < end <= len(text)
        for begin, end, label in spans
    )
    return sorted(spans) if is_right else None


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file, which end at a line feed, with or without a carriage return.

    Raises
    ------
    CorpusError
        It cannot be read, or is not UTF-8.
    """
    return [line.removesuffix("\r") for line in read_whole(path).split("\n")]


def read_whole(path: Path) -> str:
    """Return the text of a file as it is, without a byte order mark.

    Raises
    ------
    CorpusError
        It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8; {wrong_bytes(error, then='save it as UTF-8')}") from None
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from None


# ------------------------------------------------------------------------ brat


def read_brat(folder: Path, only: Path | None = None) -> Iterator[Annotation | Problem]:
    """Give the documents of a folder in brat's standoff: ``NAME.txt`` and ``NAME.ann``, which is empty for no span.

    The name of a document is the id of its row. Parts of a span that only white space separates, as brat writes a span over
    a line end, are one span; events, relations and the like are left out. With ``only``, one document is read.

    Raises
    ------
    CorpusError
        A file cannot be read.
    """
    files = sorted(folder.rglob("*.ann")) if only is None else [only]
    for number, file in enumerate(files, 1):
        where = file.relative_to(folder).as_posix()
        if not file.with_suffix(".txt").is_file():
            yield Problem(f"there is no {file.with_suffix('.txt').name} beside it", number, where)
            continue
        text = _brat_text(file.with_suffix(".txt"))
        try:
            regions = [_of_brat(line, text) for line in read_lines(file) if line.startswith("T")]
            given = marked(regions, text, file.stem, "")
        except ValueError as error:
            given = Problem(str(error))
        if isinstance(given, Problem):
            yield Problem(given.reason, number, where)
        else:
            yield Annotation("", text, given.row_id, line=number, where=where, spans=given.spans)


def _brat_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read {path}: {error}") from None


def _of_brat(line: str, text: str) -> Region:
    """Return the span of a line such as ``T1<tab>PER 0 4;5 13<tab>Ada Lovelace``."""
    parts = line.split("\t")
    words = parts[1].split(" ", 1) if len(parts) > 1 else []
    if len(words) != 2:
        raise ValueError(f"{line!r:.60} is no span of brat")
    try:
        pieces = [tuple(map(int, piece.split(" "))) for piece in words[1].split(";")]
    except ValueError:
        raise ValueError(f"{line!r:.60} has places that are no whole numbers") from None
    if any(len(piece) != 2 for piece in pieces):
        raise ValueError(f"{line!r:.60} has places that are no pairs")
    for (_, end), (begin, _) in pairwise(pieces):
        if text[end:begin].strip():
            raise ValueError(f"{line!r:.60} is a span with a gap, which is not supported: mark it as two spans")
    return Region(pieces[0][0], pieces[-1][1], words[0])


# ---------------------------------------------------------------------- DocBin


def read_docbin(path: Path) -> Iterator[Annotation | NotLabeled]:
    """Give the documents of a ``.spacy`` file: their ``ents``, or else the only group of their ``spans``.

    Raises
    ------
    CorpusError
        It is no such file, or a document has several groups of spans.
    """
    require("spacy", "weaklabel[spacy]", "reading DocBin files")
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    try:
        documents = list(DocBin(store_user_data=True).from_disk(path).get_docs(Vocab()))
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # of zlib, msgpack and spaCy, which have no common base
        raise CorpusError(f"{path} is no DocBin of spaCy ({type(error).__name__}); give what spaCy wrote") from None
    for number, doc in enumerate(documents, 1):
        where = f"document {number}"
        groups: Mapping[str, Any] = dict(doc.spans)
        if doc.has_annotation("ENT_IOB"):
            spans = doc.ents
        elif len(groups) > 1:
            raise CorpusError(f"{path}, {where}: it has the groups of spans {', '.join(groups)}; keep one of them")
        elif groups:
            (spans,) = groups.values()
        elif len(doc):
            yield NotLabeled(UNLABELED, number, where)
            continue
        else:
            spans = ()
        named = tuple(sorted({(span.start_char, span.end_char, span.label_) for span in spans}))
        row_id = doc.user_data.get("id")
        yield Annotation("", doc.text, None if row_id is None else str(row_id), line=number, where=where, spans=named)
