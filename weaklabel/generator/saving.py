"""A fine-tuned language model on disk: the adapters, or all weights, as safetensors; the base model by name and hash."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.classifier.folder import check_other_files, replaced_folder
from weaklabel.encoder.inference import quiet_transformers
from weaklabel.errors import ClassifierError, require
from weaklabel.generator.loading import base_identity, base_name, load_causal
from weaklabel.generator.options import EXTRA
from weaklabel.support.files import write_json, write_text
from weaklabel.support.versions import versions

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MANIFEST = "weaklabel-tuned.json"
"""Describes a fine-tuned model that is not a classifier."""

ADAPTER = "adapter_model.safetensors"
_PACKAGES = ("torch", "transformers", "trl", "peft")


@dataclass(frozen=True)
class TunedModel:
    """A language model, ready to run.

    Attributes
    ----------
    network
        With all weights, those of adapters included.
    tokenizer
        Its tokenizer.
    adapter
        Weights of the adapters by their names in PEFT's format; None where the whole model was trained.
    lora
        PEFT's configuration of the adapters.
    """

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    adapter: dict[str, torch.Tensor] | None = None
    lora: dict[str, Any] | None = None


def merged(model: Any, tokenizer: Any) -> TunedModel:
    """Return a model that PEFT wraps, or a plain one, with its adapters added to its weights."""
    if not hasattr(model, "merge_and_unload"):
        return TunedModel(model.cpu().eval(), tokenizer)
    from peft import get_peft_model_state_dict

    with _quiet_peft():
        adapter = {name: value.detach().cpu().clone() for name, value in get_peft_model_state_dict(model).items()}
    lora = {name: sorted(value) if isinstance(value, set) else value for name, value in _lora_of(model).items()}
    return TunedModel(model.merge_and_unload().cpu().eval(), tokenizer, adapter, lora)


def with_adapters(tuned: TunedModel, base: str | os.PathLike[str] | None) -> Any:
    """Return a model that can be trained further: its adapters stand beside the weights of the base model again."""
    if tuned.adapter is None:
        return tuned.network
    return _wrapped(load_causal(base)[0], tuned.adapter, tuned.lora or {})


def _wrapped(network: Any, adapter: Mapping[str, torch.Tensor], lora: Mapping[str, Any]) -> Any:
    """Put adapters beside the weights of a base model.

    Raises
    ------
    ClassifierError
        They are not of this model.
    """
    from peft import LoraConfig, get_peft_model, set_peft_model_state_dict

    known = {name: value for name, value in lora.items() if name in LoraConfig.__dataclass_fields__}
    with _quiet_peft():
        try:
            model = get_peft_model(network, LoraConfig(**known | {"inference_mode": False}))
            result = set_peft_model_state_dict(model, dict(adapter))
        except (TypeError, ValueError, RuntimeError) as error:
            raise ClassifierError(
                f"the adapters do not fit the base model: {str(error).partition(chr(10))[0]}"
            ) from None
    lacking = [name for name in result.missing_keys if "lora_" in name]
    if lacking or result.unexpected_keys:
        raise ClassifierError(f"the adapters do not fit the base model: {[*lacking, *result.unexpected_keys][0]}")
    return model


@contextmanager
def _quiet_peft() -> Iterator[None]:
    """Keep PEFT from warning that it does not find the base model, whose place is not written down."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", module="peft")
        yield


def _lora_of(model: Any) -> dict[str, Any]:
    plain: dict[str, Any] = model.peft_config["default"].to_dict()
    # Where the base model lies on this machine is nobody's business.
    return plain | {"base_model_name_or_path": None, "inference_mode": True}


def write_model(folder: Path, model: TunedModel, base: str | os.PathLike[str] | None) -> dict[str, Any]:
    """Write a model's files into a folder; return what `read_model` needs, fit for JSON."""
    from safetensors.torch import save_file

    with quiet_transformers():
        model.tokenizer.save_pretrained(folder)
        if model.adapter is None:
            model.network.save_pretrained(folder)
            return {"base": {"name": base_name(base)}, "adapter": False}
    identity = base_identity(base)
    save_file({name: value.contiguous() for name, value in model.adapter.items()}, folder / ADAPTER, {"format": "pt"})
    shown = identity["name"] if not Path(identity["name"]).is_dir() else Path(identity["name"]).name
    write_json(folder / "adapter_config.json", (model.lora or {}) | {"base_model_name_or_path": shown})
    return {"base": identity, "adapter": True}


def read_model(folder: Path, state: Mapping[str, Any]) -> TunedModel:
    """Load what `write_model` wrote.

    Raises
    ------
    ClassifierError
        The base model is not there, or is another than the one that was fine-tuned.
    MissingPackageError
        PEFT, or the package of the base model, is not installed.
    """
    if not state["adapter"]:
        return TunedModel(*load_causal(folder))
    require("peft", EXTRA, "a language model with adapters")
    adapter, lora = _read_adapter(folder)
    base = dict(state["base"])
    place = Path(base["name"])
    if place.is_absolute() and not place.is_dir():
        raise ClassifierError(f"the base model {place}, to which the adapters belong, is not there; copy it back")
    now = base_identity(base["name"])
    if base.get("weights") != now.get("weights"):
        raise ClassifierError(
            f"the base model '{base['name']}' has other weights than the one that was fine-tuned; fine-tune again"
        )
    network, tokenizer = load_causal(base["name"])
    wrapped = _wrapped(network, adapter, lora)
    broken = next((name for name, part in wrapped.named_parameters() if not bool(part.isfinite().all())), None)
    if broken is not None:
        raise ClassifierError(f"the model has weights that are not finite ({broken})")
    return merged(wrapped, tokenizer)


def _read_adapter(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read adapters from safetensors alone: PEFT's own reader takes pickles where there are none."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        lora = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        return load_file(folder / ADAPTER), dict(lora)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise ClassifierError(f"the adapters in {folder} are missing or damaged: {error}") from None


def check_tuned_folder(folder: Path) -> None:
    """Refuse a folder that holds files but no fine-tuned model, before any work is done.

    Raises
    ------
    ClassifierError
        Names the folder.
    """
    check_other_files(folder, MANIFEST)


def save_tuned(
    folder: Path, model: TunedModel, params: Mapping[str, Any], training: Mapping[str, Any], provenance: str
) -> None:
    """Save a fine-tuned model that is not a classifier; see `CausalFineTuner.save`."""
    from weaklabel.generator.card import tuned_card

    with replaced_folder(folder, MANIFEST) as part:
        state = write_model(part, model, params["model"])
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in params.items()}
        write_text(part / "README.md", tuned_card(state["base"]["name"], plain, training, provenance))
        write_json(
            part / MANIFEST,
            {"params": plain, "state": state, "training": dict(training), "versions": versions(_PACKAGES)},
        )


def load_tuned(folder: str | Path) -> TunedModel:
    """Load what `CausalFineTuner.save` wrote.

    Raises
    ------
    ClassifierError
        The folder holds no fine-tuned model, or its base model is not there.
    """
    place = Path(folder)
    try:
        state = json.loads((place / MANIFEST).read_text(encoding="utf-8"))["state"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClassifierError(f"no fine-tuned language model in {folder}: {MANIFEST} is missing or damaged") from error
    return read_model(place, state)
