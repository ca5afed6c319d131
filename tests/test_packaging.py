"""The ready packs are found however weaklabel is installed, also beside a user's folder called labeling_functions."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROBE = "import weaklabel; print(weaklabel.__file__); print(weaklabel.load_lfs('spam').origins[0])"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A plain checkout: the sources and nothing else."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("weaklabel", "labeling_functions"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
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


def test_plain_checkout(checkout, tmp_path):
    assert probe(checkout, users_folder(tmp_path)) == checkout / "labeling_functions" / "spam.py"


def test_as_installed_here(tmp_path):
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=users_folder(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.split()[1]).name == "spam.py"
