"""Everything is in the wheel and the sdist, and works from an environment that holds nothing else of ours.

The ready packs are found however weaklabel is installed, also beside a user's folder called labeling_functions.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from weaklabel.cli import app

ROOT = Path(__file__).parents[1]
SHIPPED = ("CHANGELOG.md", "CITATION.cff", "SECURITY.md", "THIRD_PARTY.md", "constraints.txt")
"""What an sdist has beside code."""

PROBE = "import weaklabel, weaklabel.lf.packs as p; print(weaklabel.__file__); print(p.ready_packs()['spam'])"
IMPORT_ALL = """
import importlib, pkgutil, weaklabel
assert weaklabel.__file__.startswith(sys.prefix), weaklabel.__file__
for name in weaklabel.__all__:
    getattr(weaklabel, name)
for module in pkgutil.walk_packages(weaklabel.__path__, "weaklabel."):
    if module.name != "weaklabel.__main__":
        importlib.import_module(module.name)
assert weaklabel.load_lfs("spam").origins[0].startswith(sys.prefix)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A plain checkout: the sources and nothing else."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("weaklabel", "labeling_functions", "licenses"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", *SHIPPED):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(checkout, tmp_path_factory):
    """The wheel and the sdist, built from a copy."""
    source = tmp_path_factory.mktemp("build") / "source"
    shutil.copytree(checkout, source)
    code = "from setuptools import build_meta as b; b.build_wheel('dist'); b.build_sdist('dist')"
    (source / "dist").mkdir()
    subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True)
    return source / "dist"


def users_folder(tmp_path):
    """A user's own folder with a package of the name that ours has in the repository."""
    (tmp_path / "labeling_functions").mkdir()
    (tmp_path / "labeling_functions" / "__init__.py").write_text("raise RuntimeError('the user\\'s own')")
    (tmp_path / "labeling_functions" / "spam.py").write_text("raise RuntimeError('the user\\'s own')")
    return tmp_path


def probe(site, cwd):
    # The folder under test must come before the editable install that the tests themselves run from.
    code = f"import sys; sys.path.insert(0, {str(site)!r}); sys.meta_path[:] = "
    code += "[f for f in sys.meta_path if 'editable' not in type(f).__module__ + repr(f)]; " + PROBE
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    package, pack = map(Path, done.stdout.split())
    assert package.is_relative_to(site)
    return pack


def test_wheel(built, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    assert not (site / "labeling_functions").exists()
    assert list((site / "weaklabel" / "packs" / "lexicons").glob("*.txt"))
    user = tmp_path / "user"
    user.mkdir()
    assert probe(site, users_folder(user)) == site / "weaklabel" / "packs" / "spam.py"


def test_sdist(built, tmp_path):
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("weaklabel-*")
    assert probe(source, tmp_path) == source / "labeling_functions" / "spam.py"


def test_one_version_everywhere():
    from weaklabel import __version__

    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion = {__version__}\n" in (ROOT / "setup.cfg").read_text(encoding="utf-8")


def test_what_is_embedded_is_named_with_its_license():
    text = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    for data in (ROOT / "weaklabel").rglob("*.npz"):
        assert f"`{data.relative_to(ROOT)}`" in text


def test_the_wheel_and_the_sdist_have_the_licenses_and_notices_that_are_named(built):
    named = re.findall(r"`(licenses/[^`]+)`", (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8"))
    assert set(named) == {str(path.relative_to(ROOT)) for path in (ROOT / "licenses").iterdir()}
    wanted = {"LICENSE", "THIRD_PARTY.md", *named}
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        shipped = {name.partition(".dist-info/licenses/")[2] for name in wheel.namelist()}
        (metadata,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    assert wanted <= shipped
    assert wanted <= set(re.findall(r"^License-File: (.+)$", metadata, re.M))
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        assert wanted <= {member.name.partition("/")[2] for member in sdist if member.isfile() and member.size}


def test_plain_checkout(checkout, tmp_path):
    assert probe(checkout, users_folder(tmp_path)) == checkout / "labeling_functions" / "spam.py"


def test_as_installed_here(tmp_path):
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=users_folder(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.split()[1]).name == "spam.py"


def test_every_file_of_the_tree_is_in_both(checkout, built):
    tree = {str(path.relative_to(checkout)) for path in checkout.rglob("*") if path.is_file()}
    tree = {name for name in tree if "__pycache__" not in name}  # another test imported from there
    code = {name for name in tree if name.startswith(("weaklabel/", "labeling_functions/"))}
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == {name.replace("labeling_functions/", "weaklabel/packs/") for name in code}
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    assert tree <= names


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """An environment with the wheel and the third-party packages of this one, without the editable install."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False)
    wheel = next(built.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", str(root / "bin" / "python"), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--quiet", str(wheel)], check=True, capture_output=True)
    (site,) = root.glob("lib/python*/site-packages")
    installed = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    (site / "dependencies.pth").write_text("\n".join(installed) + "\n")
    return root


def run_installed(environment, cwd, *command):
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [environment / "bin" / command[0], *command[1:]], cwd=cwd, capture_output=True, text=True, env=own
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_imports_from_the_wheel(environment, tmp_path):
    run_installed(environment, tmp_path, "python", "-c", "import sys\n" + IMPORT_ALL)


def test_every_verb_has_its_help_from_the_wheel(environment, tmp_path):
    verbs = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert len(verbs) > 8
    # One process asks for all: each start costs more than the help.
    code = "import sys; from typer.testing import CliRunner; from weaklabel.cli import app\n"
    code += (
        "for verb in sys.argv[1:]: done = CliRunner().invoke(app, [verb, '--help']); assert done.exit_code == 0, done"
    )
    run_installed(environment, tmp_path, "python", "-c", code, *verbs)


def test_the_command_of_the_wheel_labels(environment, tmp_path):
    (tmp_path / "corpus.csv").write_text("text,gold\nwin a free prize now,spam\nsee you at home,ham\n")
    pack = "from weaklabel import keyword_lf\nLABELS = ('ham', 'spam')\n"
    (tmp_path / "mine.py").write_text(pack + "prize = keyword_lf('prize', 1, ['prize'])\n")
    out = run_installed(environment, tmp_path, "weaklabel", "label", "corpus.csv", "--lfs", "./mine.py", "-o", "-")
    assert out.splitlines()[1].startswith("win a free prize now,spam,spam")
    run_installed(environment, tmp_path, "weaklabel", "analyze", "corpus.csv", "--lfs", "./mine.py", "--gold", "gold")
