"""Files of installed packages as a source."""

import polars as pl
import pytest

from weaklabel import collect_corpus
from weaklabel.errors import CorpusError


def test_files_of_a_package_are_collected_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "carrier"
    (package / "texts" / "good").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "texts" / "good" / "a.txt").write_text("hello there")
    monkeypatch.syspath_prepend(tmp_path)
    done = collect_corpus("package:carrier/texts", tmp_path / "out.parquet")
    assert (done.documents, done.rejects) == (1, 0)
    assert pl.read_parquet(tmp_path / "out.parquet")["folder"].to_list() == ["good"]
    with pytest.raises(CorpusError, match="the package 'carrier' has no file or folder 'nothing'"):
        collect_corpus("package:carrier/nothing", tmp_path / "out.parquet")


@pytest.mark.parametrize("name", ["no_such_package_at_all", "../up", ""])
def test_a_package_that_is_not_installed_is_an_error(tmp_path, name):
    with pytest.raises(CorpusError, match=r"no package '.*' is installed; install it with: pip install"):
        collect_corpus(f"package:{name}/texts", tmp_path / "out.parquet")
