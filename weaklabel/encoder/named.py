"""What the name of an encoder stands for, and whether there is one of that name, before any text is read."""

from __future__ import annotations

import os
from pathlib import Path

from weaklabel.encoder.encoder import default_model
from weaklabel.encoder.inference import load_part
from weaklabel.errors import ConfigError, MissingPackageError, WeakLabelError
from weaklabel.support.hashing import hash_path


def check_encoder(name: str | None) -> None:
    """Refuse an encoder that cannot be loaded; only its configuration is read.

    Parameters
    ----------
    name
        A folder, or a name on the Hugging Face hub; None is the default, and always right.

    Raises
    ------
    ConfigError
        There is none of that name, or it is no encoder.
    """
    if name is None:
        return
    folder = Path(name)
    if not name or folder.is_file() or (not folder.is_dir() and _is_path(name)):
        raise ConfigError(f"encoder: '{name}' is no folder with a model; give one, or a name on the Hugging Face hub")
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ConfigError(f"encoder: there is no model in the folder '{name}': it has no config.json")
    try:
        load_part("AutoConfig", name)
    except WeakLabelError as error:
        raise ConfigError(f"encoder: {error}") from error


def check_encoder_of(name: str | None, reads_texts: bool) -> None:
    """Refuse the encoder of a label model that cannot be loaded, or has nothing to read.

    Parameters
    ----------
    name
        As for `check_encoder`.
    reads_texts
        Whether the label model reads texts.

    Raises
    ------
    ConfigError
        As `check_encoder`; and where texts are not read, any encoder.
    """
    if name is not None and not reads_texts:
        raise ConfigError(
            f"encoder: the label model does not read texts here, so '{name}' has no effect; let it read them (--read-texts "
            "of label, or the label model text), or leave the encoder out"
        )
    check_encoder(name)


def _is_path(name: str) -> bool:
    """Return whether a name cannot be one on the hub, which has one slash at most."""
    return name.startswith((".", "~", os.sep)) or name.count("/") > 1 or "\\" in name


def model_files(name: str | None) -> dict[str, str]:
    """Return the hash of the encoder that texts are read with, where it is on this machine."""
    try:
        folder = default_model() if name is None else Path(name)
    except MissingPackageError:
        return {}
    return {folder.name if name else "the default encoder": hash_path(folder)} if folder.is_dir() else {}
