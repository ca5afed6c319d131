"""What cannot be a labeling function, or its resource, is refused in a sentence."""

import pytest

from weaklabel.errors import LFError
from weaklabel.lf import labeling_function, lexicon_lf
from weaklabel.lf.models import sklearn_lf
from weaklabel.lf.starter import write_starter


def test_a_lexicon_of_comments_only(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("# nothing yet\n\n   \n", encoding="utf-8")
    with pytest.raises(LFError, match=r"LF 'words': lexicon .*words.txt has no entries; write one a line"):
        lexicon_lf("words", 0, path)


def test_the_decorator_takes_functions_only():
    with pytest.raises(LFError, match=r"@labeling_function\(\) decorates a function, not 'text'"):
        labeling_function()("text")


def test_a_classifier_must_be_fitted_and_probabilistic():
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    with pytest.raises(LFError, match="LinearSVC has no predict_proba; give a probabilistic classifier"):
        sklearn_lf("svm", LinearSVC())
    with pytest.raises(LFError, match="LogisticRegression is not fitted; fit it before it votes"):
        sklearn_lf("new", LogisticRegression())


def test_a_starter_pack_is_a_new_python_file(tmp_path):
    write_starter(tmp_path / "mine.py")
    with pytest.raises(LFError, match=r"mine\.py exists already; choose another name"):
        write_starter(tmp_path / "mine.py")
    with pytest.raises(LFError, match=r"must end in \.py"):
        write_starter(tmp_path / "mine.txt")
