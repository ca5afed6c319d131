"""``weaklabel lfs``: packs and their labeling functions, with kind, origin and errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.printing import JsonOpt, show, shown_path
from weaklabel.errors import visible

if TYPE_CHECKING:
    from weaklabel.lf.packs import PackListing


def lfs(
    specs: Annotated[
        list[str] | None, typer.Argument(metavar="[SPEC ...]", help="Packs to list. Default: all installed packs.")
    ] = None,
    new: Annotated[
        Path | None, typer.Option("--new", metavar="FILE", help="Write a commented starter pack to FILE.")
    ] = None,
    llm: Annotated[
        bool, typer.Option("--llm", help="With --new: a pack with a labeling function that asks a language model.")
    ] = False,
    spans: Annotated[
        bool, typer.Option("--spans", help="With --new: a pack whose labeling functions mark spans, such as names.")
    ] = False,
    json: JsonOpt = False,
) -> None:
    """List packs and their labeling functions, or start a new pack.

    \b
    Examples:
      weaklabel lfs                      all installed packs
      weaklabel lfs spam ./mine.py       these two; a broken one is listed with its error
      weaklabel lfs --new my_pack.py     a commented starter pack
      weaklabel lfs --new names.py --spans      one that marks spans

    Exits with 1 if a named pack is broken.
    """
    from weaklabel.lf.packs import list_packs
    from weaklabel.lf.starter import write_starter

    for is_given, option in ((llm, "--llm"), (spans, "--spans")):
        if is_given and new is None:
            raise typer.BadParameter("it needs --new FILE", param_hint=option)
    if new is not None:
        write_starter(new, llm, spans=spans)
        show({"written": str(new)}, f"wrote {shown_path(new)}; next: weaklabel lfs {shown_path(new)}", json)
        return
    packs = list_packs(specs or ())
    show({"packs": [pack.to_dict() for pack in packs]}, "\n\n".join(map(_text, packs)), json)
    if specs and any(pack.error for pack in packs):
        raise typer.Exit(1)


def _text(pack: PackListing) -> str:
    if pack.error:
        return visible(f"{pack.spec}  BROKEN: {pack.error}")
    of_spans = "spans: " if pack.task == "spans" else ""
    lines = [f"{pack.spec}  ({of_spans}{', '.join(pack.labels)})  {pack.doc}", f"  from {pack.origin}"]
    rows = [(lf.name, lf.kind, lf.label or "") for lf in pack.lfs]
    names, kinds = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines += [f"  {name:<{names}}  {kind:<{kinds}}  {label}".rstrip() for name, kind, label in rows]
    return "\n".join(map(visible, lines))
