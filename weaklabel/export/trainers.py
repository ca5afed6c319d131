"""What trainers want beside the data: LLaMA-Factory's ``dataset_info.json``, and a piece of a configuration of axolotl."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weaklabel.export.exporter import CorpusExporter
from weaklabel.export.selection import TRAIN
from weaklabel.support.files import write_json, write_text

LLAMA_FACTORY = "dataset_info.json"
"""Where LLaMA-Factory looks for data sets; its setting ``dataset_dir`` is the folder of the export."""

AXOLOTL = "axolotl.yml"
"""A piece to copy into the configuration of axolotl."""

VALIDATION = ("valid", "validation", "dev", "val")
"""Parts of a split that a training is watched with."""


def write_trainer_files(
    folder: Path, name: str, forms: Mapping[str, CorpusExporter], files: Mapping[str, Mapping[str, str]]
) -> None:
    """Write what each trainer needs that reads one of the forms; paths count from the folder."""
    info: dict[str, Any] = {}
    for form_name, form in forms.items():
        entry, settings = form.llama_factory(), form.axolotl()
        by_split = files[form_name]
        if entry is not None:
            info |= {
                f"{slug(name)}_{form_name.replace('-', '_')}_{split}": {"file_name": file, **entry}
                for split, file in by_split.items()
            }
        if settings is not None and TRAIN in by_split:
            home = folder if len(forms) == 1 else folder / form_name
            write_text(home / AXOLOTL, _axolotl(settings, by_split))
    if info:
        write_json(folder / LLAMA_FACTORY, info)


def slug(name: str) -> str:
    """Return a name as trainers take it: small letters, digits and ``_``.

    Examples
    --------
    >>> slug("SMS messages.csv")
    'sms_messages'
    """
    return re.sub(r"\W+", "_", Path(name).stem.lower()).strip("_") or "weaklabel"


def _axolotl(settings: Mapping[str, Any], files: Mapping[str, str]) -> str:
    whole, of_data = dict(settings), dict(settings["datasets"])
    del whole["datasets"]
    lists = {"datasets": [TRAIN], "test_datasets": [split for split in files if split in VALIDATION]}
    lines = ["# A piece of a configuration of axolotl; paths count from the folder of this export."]
    lines += [f"{key}: {_scalar(value)}" for key, value in whole.items()]
    for key, splits in lists.items():
        if not splits:
            continue
        lines.append(f"{key}:")
        for split in splits:
            lines += [f"  - path: {_scalar(files[split])}", "    ds_type: json", "    split: train"]
            lines += _yaml(of_data, "    ")
    return "\n".join(lines) + "\n"


def _yaml(values: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{key}:", *_yaml(value, indent + "  ")]
        elif isinstance(value, list):
            lines += [f"{indent}{key}:", *(f"{indent}  - {_scalar(part)}" for part in value)]
        else:
            lines.append(f"{indent}{key}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    """Return a value as YAML has it: plain words as they are, everything else as JSON, which is YAML."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w./-]*", value) and value.lower() not in _YAML_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


_YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that are no strings in YAML."""
