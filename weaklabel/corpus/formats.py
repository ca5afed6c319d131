"""Which format a file has, by its name."""

from __future__ import annotations

from weaklabel.errors import CorpusError

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet")
_BY_SUFFIX = {
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "parquet": "parquet",
}
JSON_FORMATS = ("jsonl", "json")
_PACKED = (".gz", ".zst")
_SPREADSHEETS = (".xlsx", ".xls", ".ods")


def packing_of(name: str) -> str | None:
    """Return ``.gz`` or ``.zst`` where ``name`` ends so."""
    return next((suffix for suffix in _PACKED if name.lower().endswith(suffix)), None)


def format_by_name(name: str) -> str | None:
    """Return the format that the suffix of ``name`` stands for; None where it stands for none."""
    suffix = name.removesuffix(packing_of(name) or "").rpartition(".")[2].lower()
    return _BY_SUFFIX.get(suffix)


def format_of(name: str, asked: str | None, default: str | None = None, *, is_output: bool = False) -> str:
    """Return one of `FORMATS`: what was asked for, else by the suffix of ``name``, else ``default``.

    Raises
    ------
    CorpusError
        Unknown format, no telling suffix, or packed Parquet.

    Examples
    --------
    >>> format_of("mail.csv.gz", None), format_of("dump.txt", "jsonl")
    ('csv', 'jsonl')
    """
    if asked is not None and asked not in FORMATS:
        raise CorpusError(f"unknown format '{asked}'; formats are {', '.join(FORMATS)}")
    packing = packing_of(name) or ""
    format = asked or format_by_name(name) or default
    if format is None:
        if not is_output and name.lower().endswith(_SPREADSHEETS):
            raise CorpusError(f"{name} is a spreadsheet file: save it as CSV, and give that")
        how = f"let it end in .{', .'.join(FORMATS)}" if is_output else f"say --format {'|'.join(FORMATS)}"
        raise CorpusError(f"cannot detect the format of {name} from its name: {how}")
    if format == "parquet" and packing:
        raise CorpusError(f"{name}: Parquet is compressed already and is not packed once more: leave {packing} out")
    return format
