"""A kind of labeling function that only this file knows: everything that handles labeling functions takes it."""

from pathlib import Path

import polars as pl
import pytest

from weaklabel import apply_lfs, label_file, load_lfs, read_corpus
from weaklabel.config import LabelModelSettings
from weaklabel.corpus.batch import Batch
from weaklabel.explain import explain_lf
from weaklabel.job import LabelOptions
from weaklabel.label_model import MajorityVote
from weaklabel.lf import LF, Place, Reason
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.packs import list_packs
from weaklabel.lf.reasons import reason

PACK = '''"""Texts by their last character."""

from weaklabel.lf import LF, Place, Reason

LABELS = ("told", "asked")


class EndingLF(LF):
    kind = "ending"
    columns = ("text",)

    def __init__(self, name, label, ending):
        self.name, self.label, self.ending = name, label, ending

    def vote(self, batch):
        return [self.label if text.endswith(self.ending) else -1 for text in batch.texts]

    def reason(self, row, vote):
        (text,) = row.texts
        return Reason(f"ends with '{self.ending}'", "text", ((len(text) - len(self.ending), len(text)),))


class QuickLF(EndingLF):
    place = Place.IN_PROCESS

    def evaluator(self):
        return together


def together(lfs, batch):
    texts = batch.texts
    return [[lf.label if text.endswith(lf.ending) else -1 for text in texts] for lf in lfs]


asks = EndingLF("asks", 1, "?")
tells = QuickLF("tells", 0, ".")
shouts = QuickLF("shouts", 0, "!")
'''
TEXTS = ["Lunch?", "Done.", "No!", "well", "Really?"] * 3
VOTES = [[1, -1, -1], [-1, 0, -1], [-1, -1, 0], [-1, -1, -1], [1, -1, -1]] * 3


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "endings.py"
    path.write_text(PACK, encoding="utf-8")
    return path


@pytest.mark.parametrize("workers", [0, 2])
def test_it_votes(pack, workers):
    lfs = load_lfs(pack)
    assert [(lf.kind, lf.place, lf.reads_only_text) for lf in lfs] == [
        ("ending", Place.GUARDED, True),
        ("ending", Place.IN_PROCESS, True),
        ("ending", Place.IN_PROCESS, True),
    ]
    assert apply_lfs(lfs, TEXTS, workers=workers, batch_size=4).L.tolist() == VOTES
    assert [lf("Lunch?") for lf in lfs] == [1, -1, -1]


def test_its_reason_and_its_place_in_the_text(pack):
    asks, tells, _ = load_lfs(pack)
    batch = Batch(pl.DataFrame({"text": TEXTS}))
    assert reason(asks, batch, 0, 1) == Reason("ends with '?'", "text", ((5, 6),))
    assert reason(tells, batch, 0, 0).text == "votes differently now: ends with '.'"
    votes = apply_lfs([asks, tells], TEXTS, labels=("told", "asked"))
    model = MajorityVote(2).fit(votes)
    shown = explain_lf(
        model, votes, "asks", why=lambda rows: {row: reason(asks, batch, row, vote) for row, vote in rows.items()}
    )
    assert "ends with '?'" in str(shown)


def test_its_identity_follows_its_code_and_its_settings(pack):
    def prints():
        lfs = load_lfs(pack)
        return [fingerprint(lf, origin) for lf, origin in zip(lfs.lfs, lfs.origins, strict=True)]

    before = prints()
    assert len({*before, None}) == 4
    assert prints() == before
    pack.write_text(PACK.replace('("tells", 0, ".")', '("tells", 0, ",")'), encoding="utf-8")
    assert [old == new for old, new in zip(before, prints(), strict=True)] == [True, False, True]
    pack.write_text(
        PACK.replace("if text.endswith(self.ending)", "if text.strip().endswith(self.ending)"), encoding="utf-8"
    )
    assert not set(prints()) & set(before)


def test_its_votes_are_cached(pack, tmp_path):
    corpus = tmp_path / "texts.csv"
    pl.DataFrame({"text": TEXTS}).write_csv(corpus)
    options = LabelOptions(LabelModelSettings(name="majority"), workers=2)
    first = label_file(read_corpus(corpus), load_lfs(pack), str(tmp_path / "a.csv"), options)
    again = label_file(read_corpus(corpus), load_lfs(pack), str(tmp_path / "b.csv"), options)
    assert (first.known_rows, again.known_rows) == (0, len(TEXTS))
    assert first.labels == {"told": 6, "asked": 6}
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_it_is_listed(pack):
    (listed,) = list_packs([str(pack)])
    assert [(lf.name, lf.kind, lf.label, lf.options) for lf in listed.lfs] == [
        ("asks", "ending", "asked", {"ending": "?"}),
        ("tells", "ending", "told", {"ending": "."}),
        ("shouts", "ending", "told", {"ending": "!"}),
    ]


def test_a_kind_must_vote():
    with pytest.raises(TypeError, match="vote"):
        LF()
