"""Language models in a job: asked within its caps, with texts as they may be sent; and what they have cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from weaklabel.config import LLMSettings
from weaklabel.errors import visible

if TYPE_CHECKING:
    from weaklabel.llm import Asking, Spent

BUDGET = "llm-budget.txt"
"""File in the folder of a job that names what its caps count for; it goes with the folder when the job is done."""


@contextmanager
def asking_in_job(
    lfs: Iterable[Any],
    settings: LLMSettings | None,
    budget: Callable[[], str],
    protect: Callable[[str], str] | None = None,
) -> Iterator[Asking | None]:
    """Let the language models of labeling functions be asked within the caps of a job; nothing where there are none.

    Parameters
    ----------
    lfs
        Labeling functions that may vote, or transformation functions.
    settings
        Caps, prices and limits; None leaves in place what `weaklabel.llm.asking` returns.
    budget
        Gives the name that the caps count for.
    protect
        Hides personal data in a text before it is sent.
    """
    if settings is None or not any(lf.asks for lf in lfs):
        yield None
        return
    from weaklabel.llm import Asking, asking_with

    asked = Asking(settings, budget=budget(), protect=protect)
    try:
        with asking_with(asked):
            yield asked
    finally:
        asked.close()


def budget_in(folder: Path) -> str:
    """Return the name of the budget of a job, which is kept in its folder, so that it is the same when the job resumes."""
    file = folder / BUDGET
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        name = f"{folder.absolute()} {uuid4().hex}"
        file.write_bytes(name.encode("utf-8", "surrogateescape"))
        return name


def spent_as_json(spent: Spent | None) -> dict[str, Any] | None:
    """Return what was spent, as JSON has it: by model; None where no language model was to be asked."""
    if spent is None:
        return None
    models = {
        name: {
            **{field: value for field, value in vars(each).items() if field != "money"},
            "money": None if each.money is None else str(each.money),
        }
        for name, each in spent.models.items()
    }
    return {"models": models, "seconds": round(spent.seconds, 1), "currency": spent.currency}


def spent_as_text(spent: Mapping[str, Any] | None) -> list[str]:
    """Return a line for each model that was asked: what it took, and what came of it; of what `spent_as_json` returned."""
    lines = []
    for name, counts_of_model in (spent["models"] if spent is not None else {}).items():
        assert spent is not None
        each = SimpleNamespace(**counts_of_model)
        money = "" if each.money is None else f", {shown_money(Decimal(each.money))} {spent['currency']}"
        counts = {
            "kept replies used": each.kept,
            "sent again": each.retries,
            "refused": each.refused,
            "without a reply (counted as spent)": each.unknown,
            "answers off the list": each.off_list,
            "answers cut off": each.cut,
            "replies without an answer": each.failed,
        }
        further = "".join(f"; {count:,} {what}" for what, count in counts.items() if count)
        requests = f"{each.requests:,} request{'s' * (each.requests != 1)}"
        took = f"{requests}, {each.prompt_tokens:,} + {each.completion_tokens:,} tokens"
        lines.append(visible(f"language model {name}: {took}{money}{further}"))
    return lines


def shown_money(money: Any) -> str:
    """Return money with as many digits as it has, two at least."""
    whole, _, rest = f"{money:f}".partition(".")
    return f"{int(whole):,}.{rest.rstrip('0').ljust(2, '0')}"
