"""The options for language models that propose labeling functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from weaklabel.cli.voting import AskingOptions

if TYPE_CHECKING:
    from weaklabel.llm import Estimate, LanguageModel
    from weaklabel.suggest import LFProposer


_PANEL = "Language models"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


@dataclass(frozen=True)
class Proposing:
    """Which language model proposes labeling functions, and what it is told."""

    llm: Annotated[
        str | None,
        _option(
            "--llm",
            metavar="MODEL",
            help="Also ask a language model for candidates: its name at --endpoint; or a folder or hub name of a causal "
            "model, or smollm2, to run it here.",
        ),
    ] = None
    endpoint: Annotated[
        str | None,
        _option("--endpoint", metavar="URL", help="Where the model is asked, by the OpenAI chat protocol."),
    ] = None
    llm_key: Annotated[
        str | None,
        _option(
            "--llm-key",
            metavar="VARIABLE",
            help="Environment variable with the key of --endpoint. Default: OPENAI_API_KEY.",
        ),
    ] = None
    describe: Annotated[
        list[str] | None,
        _option("--describe", metavar="LABEL=TEXT", help="What a class means, for the model; repeatable."),
    ] = None
    prompts: Annotated[
        int, _option("--prompts", min=1, metavar="N", help="Prompts that are asked, each about other rows.")
    ] = 4

    def check(self) -> None:
        """Refuse options that need others."""
        for name, value in (("--endpoint", self.endpoint), ("--describe", self.describe)):
            if value and self.llm is None:
                raise typer.BadParameter("it needs --llm MODEL", param_hint=name)
        if self.llm_key is not None and self.endpoint is None:
            raise typer.BadParameter("it needs --endpoint", param_hint="--llm-key")
        for text in self.describe or []:
            if not text.partition("=")[2].strip():
                raise typer.BadParameter(
                    f"give a class and its meaning: LABEL=TEXT, not {text}", param_hint="--describe"
                )

    @contextmanager
    def open(self, asking_options: AskingOptions) -> Iterator[LFProposer | None]:
        """Give what asks the model, with the caps of this command alone; None without a model."""
        if self.llm is None:
            yield None
            return
        from weaklabel.llm import Asking
        from weaklabel.suggest import LFProposer

        budget = f"suggest {uuid4().hex}"
        asking = Asking(asking_options.settings(), budget=budget, protect=asking_options.protect())
        try:
            descriptions = {name: text for name, _, text in (each.partition("=") for each in self.describe or [])}
            yield LFProposer(self._model(), asking, descriptions, self.prompts)
        finally:
            asking.close()

    def _model(self) -> LanguageModel:
        from weaklabel.llm import Endpoint, LocalModel

        assert self.llm is not None
        if self.endpoint is None:
            return LocalModel(self.llm)
        return Endpoint(self.endpoint, self.llm, key_variable=self.llm_key)


def estimate_text(estimate: Estimate) -> str:
    """Return what asking would take, in one line."""
    from weaklabel.job.asked import shown_money

    requests = "1 request" if estimate.requests == 1 else f"{estimate.requests:,} requests"
    money = "" if estimate.money is None else f", about {shown_money(estimate.money)} {estimate.currency}"
    kept = f"; {estimate.kept:,} replies are there already" if estimate.kept else ""
    return (
        f"{estimate.model}: {requests}, about {estimate.prompt_tokens:,} + {estimate.completion_tokens:,} tokens, "
        f"{estimate.most_tokens:,} at most{money}{kept}"
    )
