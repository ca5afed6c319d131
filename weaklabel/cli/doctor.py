"""``weaklabel doctor``: what is installed and what this machine has, for bug reports."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli.printing import JsonOpt, QuietOpt, show
from weaklabel.errors import WeakLabelError, visible

if TYPE_CHECKING:
    from weaklabel.support.installed import Package, Probe

IMPORTED = (
    ("numpy", "import numpy"),
    ("pandas", "import pandas"),
    ("polars", "import polars"),
    ("pyarrow", "import pyarrow.parquet"),
    ("scikit-learn", "import sklearn.linear_model"),
    ("snorkel", "import snorkel.labeling"),
    ("spacy", "import spacy"),
    (
        "torch",
        "import torch\nfacts['threads'] = torch.get_num_threads()\nfacts['gpus'] = ["
        "{'name': torch.cuda.get_device_name(n), 'bytes': torch.cuda.get_device_properties(n).total_memory}"
        " for n in range(torch.cuda.device_count())]",
    ),
    ("transformers", "from transformers import AutoModel"),
)
"""Packages whose import is tried, and how: those with compiled code or imports that often break."""

ENCODER = "default encoder"
_ENCODES = (
    "import os\nos.environ['WEAKLABEL_CACHE'] = 'off'\n"
    "from weaklabel.encoder.encoder import Encoder\nencoder = Encoder()\nfacts['folder'] = encoder.model\n"
    "facts['dimensions'] = encoder.encode(['a text']).shape[1]"
)

VARIABLES = (
    "WEAKLABEL_CACHE", "WEAKLABEL_CACHE_GIB", "HF_HOME", "HF_HUB_OFFLINE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "TMPDIR", "PYTHONPATH", "LANG",
)  # fmt: skip
"""Environment variables that are shown. None of them holds a key."""

LITTLE_MEMORY, LITTLE_DISK = 2 * 2**30, 2 * 2**30
"""Free bytes below which training and large corpora are likely to fail."""


def doctor(
    fast: Annotated[bool, typer.Option("--fast", help="Import nothing: no check of packages, GPU or encoder.")] = False,
    json: JsonOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """Check the installation and this machine; paste the output into a bug report.

    \b
    Examples:
      weaklabel doctor
      weaklabel doctor --json > doctor.json

    Shows versions, extras, processor cores, memory, disk, GPU, caches and the default encoder, and says what to do about
    what is wrong. Paths below the home folder are shown from ~ on; no keys and no data are shown. Exits with 1 if
    weaklabel cannot work as it is.
    """
    from weaklabel.support.installed import probe_all, required_packages

    packages = required_packages()
    codes = [(name, code) for name, code in IMPORTED if _is_there(name, packages[""])]
    probes = {} if fast else probe_all([*codes, (ENCODER, _ENCODES)])
    facts: dict[str, Any] = {
        "system": _system(),
        "machine": _machine(probes),
        "packages": {package.name: package.version for package in packages[""]},
        "extras": {
            extra: {package.name: package.version for package in needed} for extra, needed in packages.items() if extra
        },
        "pipelines": sorted(point.name for point in entry_points(group="spacy_models")),
        "encoder": probes[ENCODER].facts if ENCODER in probes else {},
        "environment": {name: _homely(os.environ[name]) for name in VARIABLES if name in os.environ},
    }
    errors = list(_broken(packages[""], probes))
    try:
        facts["caches"] = _caches()
    except WeakLabelError as error:
        errors.append(str(error))
    warnings = list(_scarce(facts["machine"])) + list(_outdated(packages))
    result = {**facts, "errors": errors, "warnings": warnings}
    show(result, "\n".join(map(visible, _text(result, packages, fast))), json, quiet and not errors)
    if errors:
        raise typer.Exit(1)


def _is_there(name: str, packages: tuple[Package, ...]) -> bool:
    return all(package.version is not None for package in packages if package.name == name)


def _system() -> dict[str, Any]:
    import weaklabel

    return {
        "weaklabel": weaklabel.__version__,
        "installed_in": _homely(str(Path(weaklabel.__file__).parent)),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "executable": _homely(sys.executable),
        "platform": platform.platform(),
        "encoding": locale.getpreferredencoding(False),
    }


def _machine(probes: dict[str, Probe]) -> dict[str, Any]:
    from weaklabel.support.memory import free_memory, total_memory
    from weaklabel.support.threads import cores

    torch = probes["torch"].facts if "torch" in probes else {}
    return {
        "cores": cores(),
        "memory_bytes": total_memory(),
        "free_memory_bytes": free_memory(),
        "free_disk_bytes": {
            _homely(str(place)): _free_disk(place) for place in (Path.cwd(), Path(tempfile.gettempdir()))
        },
        "gpus": torch.get("gpus"),
        "torch_threads": torch.get("threads"),
    }


def _free_disk(place: Path) -> int | None:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None


def _caches() -> dict[str, Any]:
    """Return where caches are and what each takes; a folder that cannot be written to is an error."""
    from weaklabel.support.cache import VARIABLE, cache_folder, size_limit

    folder, limit = cache_folder(), size_limit()
    if folder is None:
        return {"folder": None, "limit_bytes": limit, "bytes": {}}
    above = folder
    while not above.exists() and above != above.parent:
        above = above.parent
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise WeakLabelError(
            f"caches cannot be written to {_homely(str(folder))}, so nothing is kept between runs: name another folder "
            f"with the environment variable {VARIABLE}"
        )
    sizes = {path.stem: path.stat().st_size for path in sorted(folder.glob("*.sqlite"))}
    return {"folder": _homely(str(folder)), "limit_bytes": limit, "bytes": sizes}


def _broken(required: tuple[Package, ...], probes: dict[str, Probe]) -> Iterator[str]:
    """Yield a sentence for each thing without which weaklabel cannot work."""
    for package in required:
        if package.version is None:
            yield f"the package {package.name} is not installed: pip install '{package.name}{package.wanted}'"
        elif not package.fits:
            yield (
                f"{package.name} {package.version} is not a version that weaklabel works with: "
                f"pip install '{package.name}{package.wanted}'"
            )
    for name, probe in probes.items():
        if probe.error and name == ENCODER:
            yield f"the default encoder does not work, give another with --encoder or reinstall it: {probe.error}"
        elif probe.error:
            yield f"{name} is installed and cannot be imported, reinstall it: {probe.error}"


def _scarce(machine: dict[str, Any]) -> Iterator[str]:
    free = machine["free_memory_bytes"]
    if free is not None and free < LITTLE_MEMORY:
        yield f"only {_gib(free)} of memory are free: close other programs before you train"
    for place, free in machine["free_disk_bytes"].items():
        if free is not None and free < LITTLE_DISK:
            yield f"only {_gib(free)} of disk are free in {place}: make room before you label a large corpus"


def _outdated(packages: dict[str, tuple[Package, ...]]) -> Iterator[str]:
    for extra, needed in packages.items():
        for package in needed:
            if extra and package.version is not None and not package.fits:
                yield (
                    f"{package.name} {package.version} is not a version that weaklabel[{extra}] works with: "
                    f"pip install 'weaklabel[{extra}]'"
                )


def _text(result: dict[str, Any], packages: dict[str, tuple[Package, ...]], fast: bool) -> Iterator[str]:
    system, machine, caches = result["system"], result["machine"], result.get("caches")
    yield f"weaklabel {system['weaklabel']} in {system['installed_in']}"
    yield f"{system['python']} ({system['executable']}), {system['platform']}, {system['encoding']}"
    memory = _of(machine["free_memory_bytes"], machine["memory_bytes"])
    yield f"cores: {machine['cores']}; memory: {memory}; GPU: {_gpus(machine['gpus'], fast)}"
    yield "disk: " + ", ".join(
        f"{'unknown' if free is None else _gib(free)} free in {place}"
        for place, free in machine["free_disk_bytes"].items()
    )
    if caches is not None:
        sizes = ", ".join(f"{name} {_gib(size)}" for name, size in caches["bytes"].items()) or "empty"
        yield f"caches: {'off' if caches['folder'] is None else caches['folder'] + ': ' + sizes}"
    if not fast and result["encoder"]:
        yield f"default encoder: {result['encoder']['dimensions']} dimensions, in {_homely(result['encoder']['folder'])}"
    yield f"spaCy pipelines: {', '.join(result['pipelines']) or 'none'}"
    if result["environment"]:
        yield "environment: " + ", ".join(f"{name}={value}" for name, value in result["environment"].items())
    yield ""
    yield "packages: " + ", ".join(f"{name} {there or 'missing'}" for name, there in result["packages"].items())
    for extra, needed in sorted(packages.items()):
        if extra:
            missing = [package.name for package in needed if package.version is None]
            lacks = f"lacks {', '.join(missing)}: pip install 'weaklabel[{extra}]'"
            yield f"extra {extra}: {lacks if missing else 'installed'}"
    yield ""
    yield from (f"error: {sentence}" for sentence in result["errors"])
    yield from (f"warning: {sentence}" for sentence in result["warnings"])
    if not result["errors"]:
        yield "weaklabel can work here" + (" (imports not tried)" if fast else "")


def _gpus(gpus: list[dict[str, Any]] | None, fast: bool) -> str:
    if gpus is None:
        return "not looked for" if fast else "unknown"
    return ", ".join(f"{gpu['name']} ({_gib(gpu['bytes'])})" for gpu in gpus) or "none"


def _of(free: int | None, total: int | None) -> str:
    return " of ".join("unknown" if size is None else _gib(size) for size in (free, total)) + " free"


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _homely(text: str) -> str:
    """Show the home folder as ~: its name may be a person's."""
    home = str(Path.home())
    return text if home in ("/", "") else text.replace(home, "~")
