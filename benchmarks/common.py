"""What every benchmark records beside its figures: machine, versions, command."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine() -> dict:
    model = "unknown"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next(
            (line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line), ""
        )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _without_folder(argument: str) -> str:
    """Keep the last part of an absolute path: folders are one machine's own."""
    return Path(argument).name if Path(argument).is_absolute() else argument


def _module() -> str:
    return ".".join(Path(sys.argv[0]).resolve().relative_to(RESULTS.parents[1]).with_suffix("").parts)


def in_turn(arms: dict[str, Callable[[], None]], rounds: int) -> dict[str, dict]:
    """Time the arms in turn, round after round, so that a machine that drifts drifts for all; seconds, with the median."""
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(rounds):
        for name, arm in arms.items():
            began = time.perf_counter()
            arm()
            seconds[name].append(round(time.perf_counter() - began, 4))
            print(f"round {number + 1}/{rounds}: {name}: {seconds[name][-1]:.2f} s", file=sys.stderr)
    return {name: {"seconds": times, "median": statistics.median(times)} for name, times in seconds.items()}


def arguments(description: str, **defaults: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def save(name: str, packages: list[str], figures: dict) -> None:
    result = {
        "benchmark": name,
        "command": " ".join(["python -m", _module(), *map(_without_folder, sys.argv[1:])]),
        "machine": machine(),
        "versions": {package: version(package) for package in packages},
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {path}", file=sys.stderr)
