"""Plugins that are installed for a test: a distribution with entry points, and commands that run beside it."""

import os
import subprocess
import sys

PACK = """
from weaklabel import keyword_lf

LABELS = ("ham", "spam")
prize = keyword_lf("prize", 1, ["prize"])
thanks = keyword_lf("thanks", 0, ["thanks"])
"""


def install(site, name, points):
    """Lay out an installed distribution: its metadata, with targets by entry point by group."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, targets in points.items():
        lines += [f"[{group}]", *(f"{point} = {target}" for point, target in targets.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def python(place, *words):
    """Run Python in ``place``, where the plugins of its folder ``site`` are installed."""
    env = os.environ | {"PYTHONPATH": str(place / "site"), "COLUMNS": "200"}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=env, cwd=place)
