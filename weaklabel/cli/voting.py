"""The options for applying labeling functions, for where that work is done and kept, and for the label model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from weaklabel.cli.options import MODEL_PANEL, EncoderOpt, SeedOpt, chosen_settings, name_option
from weaklabel.cli.printing import stdout_for_results
from weaklabel.cli.reading import warn_of_rejects
from weaklabel.errors import visible
from weaklabel.registries import CHOOSABLE_LABEL_MODELS
from weaklabel.support.threads import MOST_WORKERS, workers_for

if TYPE_CHECKING:
    from weaklabel.config import LabelModelSettings, LLMSettings
    from weaklabel.corpus import Corpus
    from weaklabel.job import FittedCorpus, LabeledCorpus, LabelOptions
    from weaklabel.job.engine import Engine
    from weaklabel.lf.packs import LFCollection
    from weaklabel.votes import Problems, Votes


_PANEL = "Applying labeling functions"
_ENGINE_PANEL = "Engine and cache"

_LFS = typer.Option(
    "--lfs", metavar="SPEC", help="A pack: a name such as spam, a file ./mine.py, or package:attribute; repeatable."
)
LFs = Annotated[list[str], _LFS]
LFsIfAny = Annotated[list[str] | None, _LFS]


def _option(*names: str, panel: str = _PANEL, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, **settings)


SkipSlowOpt = Annotated[
    bool,
    _option(
        "--skip-slow",
        help="Leave out labeling functions that need a text encoder, a trained spaCy pipeline or a language model.",
    ),
]


@dataclass(frozen=True)
class Voting:
    """How labeling functions are applied; see `weaklabel.votes.voter.Voter`."""

    error_budget: Annotated[
        float | None,
        _option(
            "--error-budget",
            min=0,
            max=1,
            help="Share of rows on which one labeling function may fail before the command stops; 0 stops at the first "
            "failure. Default: 0.05, or 100 rows if that is more.",
        ),
    ] = None
    workers: Annotated[
        int | None,
        _option(
            "--workers",
            min=0,
            metavar="N",
            help="Guarded processes for labeling functions written in Python; 0: this process, unguarded. Default: one "
            f"per core, at most {MOST_WORKERS}.",
        ),
    ] = None
    time_limit: Annotated[
        float | None,
        _option("--time-limit", min=0.001, metavar="S", help="Seconds a labeling function may take for one row."),
    ] = None
    memory_limit: Annotated[
        float | None,
        _option(
            "--memory-limit", min=0.05, metavar="GIB", help="Memory that one process for labeling functions may use."
        ),
    ] = None

    skip_slow: SkipSlowOpt = False

    def load(self, specs: Sequence[str], *, quiet: bool = False) -> LFCollection:
        """Load the labeling functions that are to vote; those that are left out are named on standard error."""
        from weaklabel.lf.packs import load_lfs

        loaded = load_lfs(*specs)
        if not self.skip_slow:
            return loaded
        fast = loaded.without_slow()
        if not quiet:
            say_left_out(loaded)
        return fast

    def arguments(self) -> dict[str, Any]:
        """Return the options as arguments of `weaklabel.job.LabelOptions`."""
        return {
            "error_budget": self.error_budget,
            "workers": workers_for(self.workers),
            "time_limit": self.time_limit,
            "memory_limit": None if self.memory_limit is None else int(self.memory_limit * 2**30),
        }


def say_left_out(lfs: LFCollection) -> None:
    """Name the labeling functions that ``--skip-slow`` leaves out, on standard error."""
    from weaklabel.support.progress import message

    for lf in lfs:
        if lf.slow is not None:
            message(visible(f"weaklabel: labeling function '{lf.name}' is left out: it needs {lf.slow}"))


@dataclass(frozen=True)
class EngineOptions:
    """Which machines do the work."""

    engine: Annotated[
        Literal["local", "dask"],
        _option("--engine", panel=_ENGINE_PANEL, help="Where the work is done: on this machine, or on a Dask cluster."),
    ] = "local"
    address: Annotated[
        str | None,
        _option(
            "--address",
            panel=_ENGINE_PANEL,
            metavar="URL",
            help="The Dask scheduler, such as tcp://host:8786. Default: a cluster on this machine.",
        ),
    ] = None

    @contextmanager
    def open(self, workers: int = 1) -> Iterator[Engine]:
        """Start the engine, on this machine with so many processes; an address without ``--engine dask`` is wrong usage."""
        from weaklabel.job.engine import LocalEngine

        if self.engine == "local":
            if self.address is not None:
                raise typer.BadParameter("it needs --engine dask", param_hint="--address")
            yield LocalEngine(workers)
            return
        from weaklabel.job.cluster import DaskEngine

        with DaskEngine(self.address) as engine:
            yield engine


@dataclass(frozen=True)
class Caching:
    """Where results are cached for the next command."""

    cache: Annotated[
        Path | None,
        _option(
            "--cache",
            panel=_ENGINE_PANEL,
            metavar="FOLDER",
            help="Where votes, parsed texts and embeddings are cached. Default: $WEAKLABEL_CACHE, or the user's cache "
            "folder.",
        ),
    ] = None
    no_cache: Annotated[
        bool, _option("--no-cache", panel=_ENGINE_PANEL, help="Neither read nor write a cache on disk.")
    ] = False

    def apply(self) -> None:
        """Set where caches are; both options at once are wrong usage."""
        from weaklabel.support import cache

        if self.cache is not None and self.no_cache:
            raise typer.BadParameter("it contradicts --no-cache", param_hint="--cache")
        if self.cache is not None or self.no_cache:
            cache.use(None if self.no_cache else self.cache)


_ASKING_PANEL = "Language models"


@dataclass(frozen=True)
class AskingOptions:
    """What language models may cost, where labeling functions ask them; see `weaklabel.config.LLMSettings`."""

    max_money: Annotated[
        float | None,
        _option(
            "--max-money", panel=_ASKING_PANEL, min=0, help="Most money that is spent, resumed or not; needs --price."
        ),
    ] = None
    max_tokens: Annotated[
        int | None,
        _option("--max-tokens", panel=_ASKING_PANEL, min=0, help="Most tokens, of prompts and answers together."),
    ] = None
    max_requests: Annotated[
        int | None, _option("--max-requests", panel=_ASKING_PANEL, min=0, help="Most requests that are sent.")
    ] = None
    max_minutes: Annotated[
        float | None,
        _option("--max-minutes", panel=_ASKING_PANEL, min=0, help="Most minutes of waiting for replies."),
    ] = None
    price: Annotated[
        list[str] | None,
        _option(
            "--price",
            panel=_ASKING_PANEL,
            metavar="MODEL=IN,OUT",
            help="What a million tokens of prompts and of answers cost, such as gpt-4.1-nano=0.1,0.4; repeatable.",
        ),
    ] = None
    mask_texts: Annotated[
        bool,
        _option("--mask-texts", panel=_ASKING_PANEL, help="Hide personal data in texts before they are sent."),
    ] = False

    def settings(self) -> LLMSettings:
        """Return the caps and prices; a price that is none is wrong usage."""
        from weaklabel.config import LLMSettings

        prices = dict(map(_price, self.price or ()))
        caps = {name: getattr(self, name) for name in ("max_money", "max_tokens", "max_requests", "max_minutes")}
        return LLMSettings(**caps, prices=prices, protect=self.mask_texts)

    def protect(self) -> Callable[[str], str] | None:
        """Return what hides personal data in a text, if it is to be hidden."""
        if not self.mask_texts:
            return None
        from weaklabel.protect.protector import make_protector

        return make_protector().protect_text


def _price(given: str) -> tuple[str, list[float]]:
    model, _, amounts = given.rpartition("=")
    try:
        price = [float(amount) for amount in amounts.split(",")]
        if not model or len(price) != 2 or not all(math.isfinite(each) and each >= 0 for each in price):
            raise ValueError
    except ValueError:
        raise typer.BadParameter(f"'{given}' is not MODEL=IN,OUT", param_hint="--price") from None
    return model, price


Fitted = TypeVar("Fitted", bound="FittedCorpus")


@dataclass(frozen=True)
class Labeling:
    """How votes become labels."""

    label_model: Annotated[
        str,
        name_option(
            CHOOSABLE_LABEL_MODELS,
            "--label-model",
            help="auto chooses one by the votes, and by the texts where the command reads them.",
            panel=MODEL_PANEL,
        ),
    ] = "auto"
    class_balance: Annotated[
        str | None,
        typer.Option(
            "--class-balance",
            metavar="HOW",
            help="Share of each class among all rows: uniform, majority (estimated from the votes), or numbers such as "
            "0.8,0.2.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None
    encoder: EncoderOpt = None
    exact_texts: Annotated[
        bool,
        typer.Option(
            "--exact-texts",
            help="Embed every text that the label model reads; by default, of a large corpus only those that a faster "
            "model is not sure of.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = False
    params: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any parameter of what is chosen by name, with its key in a project file, such as "
            "label_model.tie_break_policy=random; repeatable.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None
    seed: SeedOpt = 0

    def settings(self) -> LabelModelSettings:
        """Return the label model's settings; an invalid class balance or parameter is wrong usage."""
        from weaklabel.config import LabelModelSettings

        own = {
            "name": self.label_model,
            "class_balance": self._class_balance(),
            "encoder": self.encoder,
            "exact_texts": self.exact_texts or None,
        }
        return chosen_settings(LabelModelSettings, own, self.params or [])

    def inputs(self) -> dict[str, list[Path]]:
        """Return what the label model reads, besides the corpus, by what it is."""
        return {"the encoder (--encoder)": [Path(self.encoder)]} if self.encoder and Path(self.encoder).exists() else {}

    def for_classifier(self) -> tuple[Labeling, list[str]]:
        """Return the options without the parameters of a classifier, and these."""
        of_classifier = [param for param in self.params or () if param.startswith("classifier.")]
        others = [param for param in self.params or () if param not in of_classifier]
        return replace(self, params=others), of_classifier

    def _class_balance(self) -> str | list[float] | None:
        balance = self.class_balance
        if balance is None or balance in ("majority", "uniform"):
            return balance
        try:
            shares = [float(share) for share in balance.split(",")]
            if not all(share > 0 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
                raise ValueError
            return shares
        except ValueError:
            raise typer.BadParameter(
                f"'{balance}' is not majority, uniform, or one share per class that sum to 1, such as 0.8,0.2",
                param_hint="--class-balance",
            ) from None


def vote_and_label(
    rows: Corpus,
    lfs: LFCollection,
    labeling: Labeling,
    voting: Voting,
    *,
    quiet: bool,
    read_texts: bool | None = None,
    decided: Mapping[str, int] | None = None,
) -> LabeledCorpus:
    """Label a corpus, and warn of rows that could not be read; see `weaklabel.job.LabelOptions`."""
    from weaklabel.job import label_corpus

    with stdout_for_results():
        labeled = label_corpus(
            rows, lfs, voting_options(labeling, voting, read_texts, decided=decided), progress=not quiet
        )
    return _warned_of_rejects(labeled)


def vote_and_fit(
    rows: Corpus,
    lfs: LFCollection,
    labeling: Labeling,
    voting: Voting,
    *,
    quiet: bool,
    read_texts: bool | None = None,
    skim: bool = False,
) -> FittedCorpus:
    """Vote on a corpus and fit the label model, without labels of its rows; else as `vote_and_label`."""
    from weaklabel.job import fit_corpus

    with stdout_for_results():
        fitted = fit_corpus(rows, lfs, voting_options(labeling, voting, read_texts, skim), progress=not quiet)
    return _warned_of_rejects(fitted)


def vote_only(rows: Corpus, lfs: LFCollection, options: LabelOptions, *, quiet: bool) -> Votes:
    """Vote on a corpus, and warn of rows that could not be read."""
    from weaklabel.job import vote_corpus

    with stdout_for_results():
        voted = vote_corpus(rows, lfs, options, progress=not quiet)
    warn_of_rejects(voted.corpus, voted.n_rejects, next(voted.rejects(), None))
    return voted.votes


def problem_counts(problems: Mapping[str, Problems]) -> dict[str, Any]:
    """Return, for results as JSON, on how many rows labeling functions failed, and on how many votes carry each note."""
    return {
        "lf_errors": {name: each.count for name, each in problems.items() if each.count},
        "lf_notes": {
            name: {note.what: note.count for note in each.notes} for name, each in problems.items() if each.notes
        },
    }


def voting_options(
    labeling: Labeling,
    voting: Voting,
    read_texts: bool | None = None,
    skim: bool = False,
    decided: Mapping[str, int] | None = None,
) -> LabelOptions:
    """Return the options of a job that labels."""
    from weaklabel.job import LabelOptions

    return LabelOptions(
        label_model=labeling.settings(),
        seed=labeling.seed,
        read_texts=read_texts,
        skim=skim,
        decided=decided,
        **voting.arguments(),
    )


def _warned_of_rejects(fitted: Fitted) -> Fitted:
    voted = fitted.voted
    warn_of_rejects(voted.corpus, voted.n_rejects, next(voted.rejects(), None))
    return fitted
