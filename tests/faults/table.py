"""``python -m tests.faults.table`` writes docs/faults.md from the cases that the tests hold the command to."""

from __future__ import annotations

from pathlib import Path

from tests.faults import (
    test_delimited_faults,
    test_encoding_faults,
    test_jsonl_faults,
    test_output_faults,
    test_pack_faults,
    test_parquet_faults,
    test_source_faults,
)
from tests.faults.case import Case

GROUPS = (
    test_encoding_faults,
    test_delimited_faults,
    test_jsonl_faults,
    test_parquet_faults,
    test_source_faults,
    test_output_faults,
    test_pack_faults,
)
DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """# Hostile input and output

What `weaklabel label` does with each of these. Every row of these tables is a test, and this file is generated from
the tests by `python -m tests.faults.table`.

In every case:

- Exit code 0: the output is complete, and rows in = rows out + rejects. Rejects are in `OUT.rejects.jsonl`, each with its
  line number, the reason and its raw text.
- Exit code 1: the input is wrong. The last line on stderr is one sentence that says what is wrong and where; there is no
  traceback. An older output under the same name is unchanged, and there is no partial output. If rows had been labeled
  before the error, a folder `OUT.job` stays, and the same command continues from there.
- Exit code 2: wrong usage; nothing is read or written.
- Exit code 130: interrupted (Ctrl-C). Exit code 141: the reader of standard output stopped early (`| head`). There is no
  partial output.
"""


def document() -> str:
    """Return docs/faults.md."""
    parts = [HEAD]
    for group in GROUPS:
        rows = [
            "| Given | What happens | Exit code | Rows | Rejects |",
            "|---|---|---:|---:|---:|",
            *map(_row, group.CASES),
        ]
        parts.append(f"## {group.TITLE}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _row(case: Case) -> str:
    cells = [
        case.given,
        case.happens,
        str(case.code),
        *(["", ""] if case.code else [f"{case.rows:,}", str(case.rejects)]),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(), encoding="utf-8")
