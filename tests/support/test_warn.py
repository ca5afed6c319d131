import threading
import warnings

import pytest

from weaklabel.errors import WeakLabelWarning
from weaklabel.support.warn import kept_warnings, warn


def test_told_with_the_callers_line():
    def asked():
        warn("something", stacklevel=2)

    with pytest.warns(WeakLabelWarning, match="something") as caught:
        asked()
    assert caught[0].filename == __file__


def test_kept_for_the_innermost_who_asks(recwarn):
    with kept_warnings() as outer:
        warn("first")
        with kept_warnings() as inner:
            warn("second")
        warn("third")
    assert (outer, inner) == (["first", "third"], ["second"])
    assert not recwarn


def test_told_again_after_an_error():
    with pytest.raises(KeyError), kept_warnings():
        raise KeyError
    with pytest.warns(WeakLabelWarning):
        warn("something")


def test_threads_keep_their_own_and_leave_the_filters_alone():
    inside, messages = threading.Barrier(2), {}
    before = list(warnings.filters)

    def work(number):
        with kept_warnings() as kept:
            inside.wait(10)
            warn(f"of {number}")
            inside.wait(10)
        messages[number] = kept

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert messages == {0: ["of 0"], 1: ["of 1"]}
    assert list(warnings.filters) == before
