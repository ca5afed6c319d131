"""Choosing among label models by gold of the valid split: a row of the validation track, never of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SELECTED = "selected"
"""The name under which the best on valid stands in the place of a label model."""


def select_on_valid(cells: Sequence[Mapping[str, Any]], n_valid: int) -> list[tuple[int, dict[str, Any]]]:
    """Choose, for each classifier and for the label models themselves, what scores best on valid; the first on a tie.

    One choice holds for all seeds: the highest mean of those whose cells all have a score.

    Parameters
    ----------
    cells
        Of one set; only those of the track "validation_gold" take part, by their ``valid_score``.
    n_valid
        Valid rows with gold, for the reason given.

    Returns
    -------
    list
        Positions of the chosen cells, and what stands for them under the name "selected".
    """
    found = []
    for classifier in dict.fromkeys(cell["classifier"] for cell in cells):
        scores: dict[str, list[float | None]] = {}
        for cell in cells:
            if cell["track"] == "validation_gold" and cell["classifier"] == classifier:
                scores.setdefault(cell["label_model"], []).append(cell["valid_score"])
        means = {
            name: sum(known) / len(known)
            for name, values in scores.items()
            if len(known := [value for value in values if value is not None]) == len(values)
        }
        if not means:
            continue
        best = max(means, key=means.__getitem__)
        why = f"{best}, best of {len(means)} with {means[best]:.3f} on {n_valid:,} valid rows"
        found += [
            (position, {**cell, "label_model": SELECTED, "why": why})
            for position, cell in enumerate(cells)
            if (cell["track"], cell["classifier"], cell["label_model"]) == ("validation_gold", classifier, best)
        ]
    return found
