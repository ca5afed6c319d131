"""Protecting a corpus: columns, structures, drops, hashes; and that no planted value is anywhere afterwards."""

import gzip
import hashlib
import json
import socket
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from weaklabel import clean_corpus, protect_corpus
from weaklabel.cli import main
from weaklabel.corpus import open as opening, read_corpus
from weaklabel.corpus.transform import PLACE, SHA256, SOURCE, STEPS
from weaklabel.errors import ConfigError, WeakLabelError
from weaklabel.job import transform_job as job
from weaklabel.job.engine import LocalEngine
from weaklabel.protect.transform import COUNTS, SPANS, Protect

KEY = "a key of more than sixteen bytes"

PLANTED = {
    "email": "planted.person@example.org",
    "phone": "+49 30 23125 000",
    "card": "4012 8888 8888 1881",
    "iban": "DE89370400440532013000",
    "us_ssn": "536-90-4399",
    "ip": "10.11.12.13",
    "password": "Tr0ub4dor-and-3",
    "secret": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "employee": "E-987654",
}


@pytest.fixture(autouse=True)
def no_socket(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def rows(count=40):
    values = list(PLANTED.items())
    for number in range(count):
        kind, value = values[number % len(values)]
        other = values[(number + 3) % len(values)][1]
        named = f"password: {value}" if kind == "password" else value
        yield {
            "text": f"Row {number} says {named} and also password: {PLANTED['password']} here."
            if number % 2
            else named,
            "note": f"see {other if other != PLANTED['password'] else '-'}",
            "nested": {"to": [PLANTED["email"], None], "n": number},
            SOURCE: f"mail/{PLANTED['email']}.txt",
            PLACE: f"message {number}",
            SHA256: hashlib.sha256(named.encode()).hexdigest(),
            STEPS: "collect",
        }


def write_jsonl(path, broken=True):
    lines = [json.dumps(row, ensure_ascii=False) for row in rows()]
    if broken:
        lines.insert(7, '{"text": "cut off ' + PLANTED["email"])
        lines.insert(9, '{"text": "cut off ' + PLANTED["email"].replace("@", "\\u0040"))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def everything(folder):
    """Return the text of every file, with its name, unpacked."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if data[:4] == b"PAR1":
            content = json.dumps(pl.read_parquet(path).to_dicts(), ensure_ascii=False)
        elif data[:2] == b"\x1f\x8b":
            content = gzip.decompress(data).decode("utf-8")
        else:
            content = data.decode("utf-8", "replace")
        yield f"{path}\n{content}"


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return stopped.value.code


def assert_clean(contents):
    for content in contents:
        plain = content.replace("\\u0040", "@")
        for value in (*PLANTED.values(), KEY):
            assert value not in plain, f"{value} is left in {plain[:2000]}"


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "jsonl.gz"])
@pytest.mark.parametrize("action", ["mask", "pseudonym", "drop"])
def test_no_planted_value_is_left_anywhere(tmp_path, capfd, monkeypatch, action, suffix):
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", KEY)
    source, out = tmp_path / "in.jsonl", tmp_path / "out"
    out.mkdir()
    write_jsonl(source)
    options = ["--action", action, "--action-of", "us_ssn=drop", "--pattern", r"employee=E-\d{6}", "--json"]
    code = run("protect", str(source), "-o", str(out / f"done.{suffix}"), "--workers", "2", *options)
    printed = capfd.readouterr()
    assert code == 0, printed.err
    assert_clean([printed.out, printed.err, *everything(out)])
    result = json.loads(printed.out)
    assert result["rows"] == 40
    assert result["kept"] == 40 - result["dropped"].get("us_ssn", 0) if action != "drop" else result["kept"] == 0
    assert set(result["counts"]) >= set(PLANTED) - {"employee"}
    assert result["rejects_file"] is not None


def test_dry_run_shows_examples_without_values(tmp_path, capfd, monkeypatch):
    source = tmp_path / "in.jsonl"
    write_jsonl(source)
    code = run("protect", str(source), "--dry-run", "--action-of", "us_ssn=drop", "--pattern", r"employee=E-\d{6}")
    printed = capfd.readouterr()
    assert code == 0
    assert "[EMAIL]" in printed.out
    assert_clean([printed.out, printed.err])
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_an_interrupted_job_leaves_no_value_behind_and_resumes(tmp_path, monkeypatch):
    source, out = tmp_path / "in.jsonl", tmp_path / "out"
    out.mkdir()
    write_jsonl(source)
    monkeypatch.setattr(job, "PART_ROWS", 10)
    monkeypatch.setattr(opening, "CHUNK", 512)
    apply = Protect.apply

    def failing(self, frame, first_row, folder):
        if first_row >= 20:
            raise WeakLabelError("the machine is gone")
        return apply(self, frame, first_row, folder)

    arguments = {"patterns": {"employee": r"E-\d{6}"}, "actions": {"us_ssn": "drop"}}
    monkeypatch.setattr(Protect, "apply", failing)
    with pytest.raises(WeakLabelError, match="machine is gone"):
        protect_corpus(read_corpus(source), out / "done.jsonl", **arguments)
    assert any(out.rglob("*"))
    assert_clean(everything(out))
    monkeypatch.setattr(Protect, "apply", apply)
    done = protect_corpus(read_corpus(source), out / "done.jsonl", **arguments)
    assert done.rows == 40
    assert_clean(everything(out))


def test_what_is_unpacked_for_other_processes_is_as_private_as_the_corpus(tmp_path):
    plain, packed, out = tmp_path / "in.jsonl", tmp_path / "in.jsonl.gz", tmp_path / "done.jsonl"
    write_jsonl(plain)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    packed.chmod(0o600)

    folder, modes = Path(f"{out}.job"), []

    class Shared(LocalEngine):
        is_shared = True

        def map(self, function, items):
            (copy,) = folder.glob("unpacked-*")
            assert b"planted.person" in copy.read_bytes()
            modes.extend(path.stat().st_mode & 0o777 for path in (copy, folder))
            return map(function, items)

    protect_corpus(read_corpus(packed), out, engine=Shared(2))
    assert modes == [0o600, 0o700]
    clean_corpus(read_corpus(packed), out, engine=Shared(2))
    assert modes[2] == 0o600


def test_errors_and_warnings_do_not_show_values(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(
        f'text,other\n"{PLANTED["email"]}",x\n{PLANTED["phone"]},"a"b,{PLANTED["iban"]}\n', encoding="utf-8"
    )
    run = subprocess.run(
        [sys.executable, "-m", "weaklabel", "protect", "in.csv", "-o", "out.csv"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    written = [path.read_text() for path in tmp_path.iterdir() if path != source and path.is_file()]
    assert_clean([run.stdout, run.stderr, *written])


def test_the_same_bytes_for_any_workers_and_parts(tmp_path, monkeypatch):
    source = tmp_path / "in.jsonl"
    write_jsonl(source)
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", KEY)
    monkeypatch.setattr(opening, "CHUNK", 512)
    outputs = []
    for number, (workers, part) in enumerate([(1, 10_000), (2, 11)]):
        monkeypatch.setattr(job, "PART_ROWS", part)
        out = tmp_path / f"{number}.jsonl"
        protect_corpus(read_corpus(source), out, action="pseudonym", engine=LocalEngine(workers))
        outputs.append(out.read_bytes())
    assert len(set(outputs)) == 1


def test_the_same_person_is_the_same_in_all_rows_and_columns(monkeypatch):
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", KEY)
    frame = protect_corpus(
        {"text": ["from jo@example.org", "to JO@example.org"], "sender": ["jo@example.org", "ab@example.org"]},
        action="pseudonym",
    ).frame
    name = frame["sender"][0]
    assert frame["text"].to_list() == [f"from {name}", f"to {name}"]
    assert frame["sender"][1] != name


def test_all_columns_with_text_are_read_unless_left_out():
    data = {
        "text": ["jo@example.org", "x"],
        "other": ["10.1.2.3", None],
        "kept": ["jo@example.org", "y"],
        "number": [1, 2],
        "nested": [{"a": ["jo@example.org", None], "b": {"c": "10.1.2.3", "d": 7}}, None],
    }
    frame = protect_corpus(data, skip=["kept"]).frame
    assert frame.to_dicts() == [
        {
            "text": "[EMAIL]", "other": "[IP]", "kept": "jo@example.org", "number": 1,
            "nested": {"a": ["[EMAIL]", None], "b": {"c": "[IP]", "d": 7}},
        },
        {"text": "x", "other": None, "kept": "y", "number": 2, "nested": None},
    ]  # fmt: skip
    assert frame.schema == pl.DataFrame(data).schema
    only = protect_corpus(data, columns=["other"]).frame
    assert only["text"][0] == "jo@example.org"
    assert only["other"][0] == "[IP]"


def test_names_of_columns_and_fields_say_what_is_in_them():
    data = {
        "text": ["4155550132"],
        "mobile_phone": ["4155550132"],
        "SSN": ["536904399"],
        "order_id": ["4155550132"],
        "user": [{"passportNumber": "T3569075", "password": "hunter2", "bsn": ["111222333", "1"]}],
    }
    assert protect_corpus(data).frame.to_dicts() == [
        {
            "text": "4155550132",
            "mobile_phone": "[PHONE]",
            "SSN": "[US_SSN]",
            "order_id": "4155550132",
            "user": {"passportNumber": "[PASSPORT]", "password": "[PASSWORD]", "bsn": ["[NL_BSN]", "1"]},
        }
    ]
    (span,) = protect_corpus({"text": ["x"], "phone": ["a 4155550132"]}, action="flag", find=["phone"]).frame[SPANS][0]
    assert (span["column"], span["start"], span["end"]) == ("phone", 2, 12)


def test_flags_say_how_many_and_where():
    text = "👩‍👩‍👧 10.1.2.3 e\u0301 jo@example.org"
    frame = protect_corpus({"text": [text, "x"]}, action="flag", actions={"ip": "mask"}, find=["ip", "email"]).frame
    (span,) = frame[SPANS][0]
    assert frame["text"][0][span["start"] : span["end"]] == "jo@example.org"
    assert (span["column"], span["type"]) == ("text", "email")
    assert frame[COUNTS].to_list() == [{"email": 1}, {"email": 0}]
    assert frame[SPANS][1].to_list() == []
    plain = protect_corpus({"text": [text]}, action="flag").frame
    assert plain["text"][0] == text
    assert plain[COUNTS][0]["ip"] == 1


def test_dropped_rows_go_to_the_rejects_and_can_be_taken_back(tmp_path):
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    write_jsonl(source, broken=False)
    done = protect_corpus(read_corpus(source), out, actions={"us_ssn": "drop"})
    rejects = done.rejects_file.read_text(encoding="utf-8").splitlines()
    assert len(rejects) == done.dropped["us_ssn"] == 40 - done.kept
    reject = json.loads(rejects[0])
    assert reject["rule"] == "us_ssn"
    assert reject["source"] == "mail/[EMAIL].txt"
    assert reject["reason"].startswith("it holds us_ssn (")
    assert "[US_SSN]" in json.dumps(reject["record"])
    keep = tmp_path / "keep.jsonl"
    keep.write_text(rejects[0] + "\n", encoding="utf-8")
    again = protect_corpus(read_corpus(source), tmp_path / "again.jsonl", actions={"us_ssn": "drop"}, keep=[keep])
    assert again.kept == done.kept + 1


def test_hashes_are_of_the_protected_text():
    before = ["SSN 536-90-4399", "nothing here"]
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in before]
    frame = protect_corpus({"text": before, SHA256: hashes, STEPS: ["collect", "collect"]}).frame
    assert frame[SHA256].to_list() == [hashlib.sha256(text.encode()).hexdigest() for text in frame["text"]]
    assert frame[SHA256][1] == hashes[1]
    assert frame[STEPS].to_list() == ["collect; protect: us_ssn", "collect"]


def test_unknown_columns_are_refused():
    with pytest.raises(ConfigError, match="did you mean 'text'"):
        protect_corpus({"text": ["x"]}, skip=["txt"])
    with pytest.raises(ConfigError, match="'n' holds Boolean, neither text nor numbers"):
        protect_corpus({"text": ["x"], "n": [True]}, columns=["n"])
    with pytest.raises(ConfigError, match="action: input should be"):
        protect_corpus({"text": ["x"]}, action="hide")


CARD, PHONE = 4012888888881881, 493023125000
NUMBERS = pl.DataFrame(
    {
        "text": ["a", "b", "c"],
        "card": [CARD, 12, None],
        "phone": pl.Series([1.5, float(PHONE), float("nan")]),
        "time": [1_700_000_000, 1_700_000_001, 1_700_000_002],
        "small": pl.Series([1, 2, 3], dtype=pl.UInt8),
        "of": [{"card": CARD, "n": 1}, {"card": 5, "n": 2}, None],
        "list": [[CARD, 7], [], None],
        "exact": pl.Series(["1.50", str(CARD), None]).str.to_decimal(scale=2),
        "unsigned": pl.Series([2**63, 1, CARD], dtype=pl.UInt64),
    }
)


def test_numbers_that_are_personal_data_are_left_out_and_all_others_stay():
    done = protect_corpus(NUMBERS)
    assert done.frame is not None and done.frame.schema == NUMBERS.schema
    changed = {
        "card": [None, 12, None],
        "of": [{"card": None, "n": 1}, {"card": 5, "n": 2}, None],
        "list": [[None, 7], [], None],
        "unsigned": [2**63, 1, None],
    }
    assert {name: done.frame[name].to_list() for name in changed} == changed
    assert done.frame["phone"].to_list()[:2] == [1.5, None] and done.frame["exact"].null_count() == 2
    same = ["text", "time", "small"]
    assert done.frame.select(same).equals(NUMBERS.select(same))
    assert dict(done.counts) == {"card": 5, "phone": 1}


def test_numbers_are_flagged_where_they_are_and_dropped():
    flagged = protect_corpus(NUMBERS, action="flag").frame
    assert flagged is not None and flagged.select(NUMBERS.columns).equals(NUMBERS, null_equal=True)
    (span,) = flagged[SPANS][1].to_list()[:1]
    assert span == {"column": "phone", "start": 0, "end": 12, "type": "phone"}
    assert protect_corpus(NUMBERS, action="drop").kept == 0
    kept = protect_corpus(NUMBERS, skip=["card", "of", "list", "exact", "unsigned"], action="drop")
    assert kept.kept == 2


def test_texts_stored_as_categories_are_read():
    frame = pl.DataFrame({"text": ["x", "y"], "who": ["jo@example.org", "jo@example.org"]})
    done = protect_corpus(frame.with_columns(pl.col("who").cast(pl.Categorical)))
    assert done.frame["who"].to_list() == ["[EMAIL]", "[EMAIL]"]
    fixed = frame.with_columns(pl.col("who").cast(pl.Enum(["jo@example.org"])))
    with pytest.raises(ConfigError, match="'who' is an Enum"):
        protect_corpus(fixed)
    assert protect_corpus(fixed, skip=["who"]).frame["who"][0] == "jo@example.org"


def test_protecting_twice_changes_nothing(tmp_path):
    source = tmp_path / "in.jsonl"
    write_jsonl(source, broken=False)
    protect_corpus(read_corpus(source), tmp_path / "one.jsonl")
    done = protect_corpus(read_corpus(tmp_path / "one.jsonl"), tmp_path / "two.jsonl")
    assert not done.counts
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_types_are_listed(capfd):
    assert run("protect", "--list-types", "--json") == 0
    assert "email" in json.loads(capfd.readouterr().out)["types"]
