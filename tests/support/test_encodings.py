"""Which encodings bytes may be in; every entry point that reads text says so."""

import random

import pytest

from weaklabel.config import read_project
from weaklabel.corpus import read_corpus
from weaklabel.decisions import read_decisions
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.lf.external import votes_from_csv
from weaklabel.lf.lexicon import lexicon_lf
from weaklabel.lf.packs import load_lfs
from weaklabel.support.encodings import candidates, not_text, wrong_bytes

CP1252 = "win €500 – it’s yours"


def error_of(data, codec="utf-8"):
    with pytest.raises(UnicodeDecodeError) as caught:
        data.decode(codec)
    return caught.value


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1252", "it’s ok"),
        ("cp1252", "José"),
        ("cp1252", "naïve résumé – “quoted” text"),
        ("cp1252", "grüß dich"),
        ("cp1252", "the fee, a £15.8m signing"),
        ("gb18030", "共15个"),
        ("gb18030", "这个产品质量太差了"),
        ("big5", "這個產品質量太差了"),
        ("cp1251", "спасибо"),
        ("cp1254", "Teşekkür ederim, ödül kazandınız"),
        ("cp1255", "ברכות זכית בפרס"),
        ("cp1256", "تهانينا لقد فزت بجائزة"),
        ("cp874", "ยินดีด้วย คุณได้รับรางวัล"),
        ("cp866", "Поздравляем, вы выиграли приз"),
    ],
)
@pytest.mark.parametrize("before", [b"", b"id,text\n1,", b"x" * 50_000 + b"\n"])
def test_the_best_candidate_is_the_encoding(codec, text, before):
    data = before + text.encode(codec) + b"\n"
    result = candidates(data, error_of(data).start)
    assert result[0].codec == codec and text[:5] in result[0].sample and len(result) <= 3


def test_latin_1_is_no_candidate_beside_cp1252_where_they_read_alike():
    data = "Das Café ist schön".encode("latin-1")
    assert "latin-1" not in [item.codec for item in candidates(data, 7)]


def test_a_long_line_cut_by_the_end_of_a_block_is_still_found():
    data = ("恭喜获得奖品谢谢您" * 5000).encode("gb18030")[:-1]
    assert candidates(data, error_of(data).start)[0].codec == "gb18030"


def test_binary_data_has_no_encoding():
    data = random.Random(7).randbytes(3000)
    assert "binary data" in wrong_bytes(error_of(data))


def test_random_letters_have_no_encoding_that_is_likely():
    random_numbers = random.Random(7)
    data = bytes(random_numbers.choice([*range(32, 127), *range(128, 256)]) for _ in range(3000))
    assert "no common encoding fits" in wrong_bytes(error_of(data))


def test_an_encoding_that_was_asked_for_and_fails_is_no_candidate(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text\nспасибо, увидимся завтра\n".encode("cp1251"))
    with pytest.raises(CorpusError, match=r"is not ascii .*encoding=.cp1251."):
        read_corpus(path, encoding="ascii").texts()


@pytest.mark.parametrize("head", [b"text\n", b"", b"PK,text\n", b"%,text", "\ufefftext".encode()])
def test_text_is_text(head):
    assert not_text(head) is None


READERS = {
    "corpus.csv": lambda path: read_corpus(path).texts(),
    "corpus.jsonl": lambda path: read_corpus(path).texts(),
    "lexicon.txt": lambda path: lexicon_lf("words", 1, path),
    "project.toml": read_project,
    "pack.py": lambda path: load_lfs(str(path)),
    "votes.csv": lambda path: votes_from_csv(path, labels=("ham", "spam"), key="id"),
}


@pytest.mark.parametrize("name", READERS)
def test_every_entry_point_names_the_encoding(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(f"id,text\n1,{CP1252}\n".encode("cp1252"))
    with pytest.raises(
        WeakLabelError, match=r"most likely it is cp1252 \(.*it’s yours.*\): (give encoding=|save it as)"
    ):
        READERS[name](path)


@pytest.mark.parametrize("name", READERS)
def test_every_entry_point_knows_a_spreadsheet(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04\x14\0\x06\0[Content_Types].xml xl/workbook.xml" + bytes(range(256)))
    with pytest.raises(WeakLabelError, match="is an Excel workbook"):
        READERS[name](path)


def test_a_decision_in_another_encoding_is_passed_over_with_its_encoding_named(tmp_path):
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(f'{{"note": "{CP1252}"}}\n'.encode("cp1252"))
    with pytest.warns(UserWarning, match="cp1252"), pytest.raises(WeakLabelError, match="holds no decision"):
        read_decisions(path)


def test_a_spreadsheet_is_told_even_where_its_name_is_no_format(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04\x14\0\x06\0[Content_Types].xml xl/workbook.xml")
    with pytest.raises(CorpusError, match="save it as CSV"):
        read_corpus(path)
