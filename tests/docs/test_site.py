"""The documentation site is built as ``make docs`` builds it: from the pages and all docstrings, every warning an error."""

import os
import subprocess
import sys

from tests.docs.pages import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
FLAGS = ("-W", "--keep-going", "-q")


def test_the_site_is_built_without_a_warning_and_without_network(tmp_path):
    assert f"sphinx-build {' '.join(FLAGS)} -d" in MAKEFILE  # the same flags as here
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *FLAGS, "-d", tmp_path / "doctrees", "docs", site],
        cwd=ROOT,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "no_proxy": "", "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    reference = (site / "reference" / "label_model.html").read_text(encoding="utf-8")
    assert 'id="weaklabel.LabelModel.fit"' in reference
    index = (site / "index.html").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/*.md"):
        assert page.name == "index.md" or f"{page.stem}.html" in index, f"{page.name} is not in the table of contents"
