"""Texts that try to give orders to a language model: of our own writing, with a place for the label that they want."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Injection:
    """One of them; ``template`` has ``{target}`` where the wanted label stands."""

    id: str
    kind: str
    language: str
    template: str

    def text(self, target: str) -> str:
        """Return the injection for a label."""
        return self.template.format(target=target)


def injections() -> list[Injection]:
    """Read all of them."""
    lines = (Path(__file__).parent / "injections.jsonl").read_text(encoding="utf-8").splitlines()
    return [Injection(row["id"], row["kind"], row["language"], row["text"]) for row in map(json.loads, lines)]
