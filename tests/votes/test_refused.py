"""Votes, patterns and files of votes that do not fit together are refused in a sentence."""

import io
import json
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest

from weaklabel.errors import VoteError
from weaklabel.lf.patterns import keyword_lf
from weaklabel.votes import LFAnalysis, VotePatterns, Votes, apply_lfs, load_votes, save_votes, vote_patterns
from weaklabel.votes.patterns import merge_patterns

L = np.array([[0, 1], [1, -1], [-1, -1]], dtype=np.int8)


def test_one_weight_for_each_labeling_function():
    with pytest.raises(VoteError, match=r"est_weights has shape \(3,\) for 2 labeling functions"):
        LFAnalysis(L).lf_summary(est_weights=[0.5, 0.5, 0.5])


def test_batches_have_rows():
    with pytest.raises(VoteError, match="batch_size must be at least 1, not 0"):
        apply_lfs([keyword_lf("a", 0, ["a"])], ["a"], batch_size=0)


def test_patterns_of_other_labeling_functions_are_not_merged():
    with pytest.raises(VoteError, match="patterns of 1 and of 2 labeling functions cannot be merged"):
        merge_patterns([vote_patterns(L), vote_patterns(L[:, :1])])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"counts": np.array([1])}, "packed votes of shape"),
        ({"shape": np.array([2, 1])}, "packed votes of shape"),
        ({"shape": np.array([2, 3, 4])}, "these arrays are not vote patterns"),
        ({"packed": None}, "they need packed, counts, shape"),
    ],
)
def test_arrays_that_are_no_patterns(change, sentence):
    arrays = vote_patterns(L).to_arrays()
    assert VotePatterns.from_arrays(arrays).patterns.tolist() == vote_patterns(L).patterns.tolist()
    arrays = {name: value for name, value in (arrays | change).items() if value is not None}
    with pytest.raises(VoteError, match=sentence):
        VotePatterns.from_arrays(arrays)


def _rewritten(path, target, member, change):
    """Copy a file of votes with one member changed; checksums are right again."""
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (name,) = (name for name in members if name.startswith(member))
    members[name] = change(members[name])
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for each, data in members.items():
            archive.writestr(each, data)


def _as_objects(_):
    handle = io.BytesIO()
    np.save(handle, np.array([[None]], dtype=object), allow_pickle=True)
    return handle.getvalue()


def _other_format(data):
    header = json.loads(np.load(io.BytesIO(data)).tobytes()) | {"format": "of the future"}
    handle = io.BytesIO()
    np.save(handle, np.frombuffer(json.dumps(header).encode(), np.uint8))
    return handle.getvalue()


@pytest.mark.parametrize(
    ("member", "change", "sentence"),
    [
        ("L", lambda data: data[:-1], "has 5 bytes of values, not 6"),
        ("L", _as_objects, "it holds Python objects"),
        ("L", lambda data: b"no array at all", "is damaged, or was not written by save_votes"),
        ("header", _other_format, "has the format 'of the future', not "),
    ],
)
def test_a_file_of_votes_whose_content_is_wrong(tmp_path, member, change, sentence):
    save_votes(tmp_path / "votes.npz", Votes(L, ["a", "b"], ["no", "yes"]))
    _rewritten(tmp_path / "votes.npz", tmp_path / "other.npz", member, change)
    with pytest.raises(VoteError, match=sentence):
        load_votes(tmp_path / "other.npz")
