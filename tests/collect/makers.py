"""What tests of collecting share: files made on the spot, and rows and rejects of a collection as plain dicts."""

import json
from pathlib import Path

import polars as pl

from weaklabel.collect.collect import Collected, collect_corpus

PAGE = """<html><head><title>On  rain</title></head><body><nav><a href="/">home</a> <a href="/b">about us</a></nav>
<article><h1>Rain</h1><p>Rain fell on the old roof for most of the long night, and nobody in the house could sleep.</p>
<p>In the morning the garden was green again, and the birds were back in the tall trees behind it.</p></article>
<footer>copyright nobody</footer></body></html>"""


def run(sources, out: Path, **settings) -> tuple[Collected, list[dict], list[dict]]:
    """Collect into a Parquet file; return the result, the rows, and the rejects."""
    done = collect_corpus(sources, out, **settings)
    return done, pl.read_parquet(out).to_dicts(), rejects_of(out)


def rejects_of(out: Path) -> list[dict]:
    path = Path(f"{out}.rejects.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def rules(rejects: list[dict]) -> dict[str, str]:
    """Return the rule of each reject, by its source and place."""
    return {" ".join(filter(None, [reject["source"], reject["place"]])): reject["rule"] for reject in rejects}


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(*pages: str, encrypted: bool = False, title: str = "") -> bytes:
    """Return a PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    objects.append(f"<< /Title ({title}) >>")
    trailer = f"/Root 1 0 R /Info {len(objects)} 0 R"
    if encrypted:
        key = "00" * 32  # no password gives this, neither of the user nor of the owner
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /O <{key}> /U <{key}> /P -4 >>")
        trailer += f" /Encrypt {len(objects)} 0 R /ID [<{'11' * 16}> <{'11' * 16}>]"
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} {trailer} >>\nstartxref\n{len(out)}\n%%EOF"
    return (out + end).encode("latin-1")


def message(
    subject: str, body: str, sender: str = "ann@example.org", date: str = "Mon, 01 May 2023 10:00:00 +0200"
) -> str:
    return f"From: {sender}\nTo: bob@example.org\nSubject: {subject}\nDate: {date}\n\n{body}\n"


def mbox(*messages: str) -> str:
    return "\n".join(f"From ann@example.org Mon May  1 10:00:00 2023\n{each}" for each in messages)


def claiming(archive: bytes, size: int) -> bytes:
    """Return a zip archive whose first member claims to unpack to so many bytes."""
    place = archive.index(b"PK\x01\x02") + 24
    return archive[:place] + size.to_bytes(4, "little") + archive[place + 4 :]
