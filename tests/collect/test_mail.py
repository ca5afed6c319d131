"""E-mail: one message, many of them, in all the encodings they have, and those that are cut off."""

import pytest
from hypothesis import given, strategies as st

from tests.collect.makers import mbox, message, rules, run, write
from weaklabel.collect.mail import message_places, separators, unescaped


def read(tmp_path, name, data, **settings):
    write(tmp_path / "in/z.txt", "always there")
    write(tmp_path / "in" / name, data)
    _, rows, rejects = run(tmp_path / "in", tmp_path / "out.parquet", **settings)
    return [row for row in rows if row["file"] == name], rejects


def multipart(*parts, kind="mixed", end="--b--\n"):
    body = "".join(f"--b\nContent-Type: {head}\n\n{text}\n" for head, text in parts)
    return f"From: ann@example.org\nSubject: parts\nContent-Type: multipart/{kind}; boundary=b\n\n{body}{end}"


def test_a_message(tmp_path):
    (row,), _ = read(tmp_path, "a.eml", message("=?utf-8?q?Sch=C3=B6ne_Gr=C3=BC=C3=9Fe?=", "Hello Bob,\nit rains."))
    assert row["text"] == "Hello Bob,\nit rains.\n"
    assert (row["subject"], row["from"], row["to"]) == ("Schöne Grüße", "ann@example.org", "bob@example.org")
    assert (row["date"], row["meta_time"]) == ("Mon, 01 May 2023 10:00:00 +0200", "2023-05-01T08:00:00Z")
    assert (row["attachments"], row["meta_steps"]) == (0, "email: text part")


def test_plain_text_comes_before_html_and_attachments_are_counted(tmp_path):
    parts = [("text/plain; charset=utf-8", "plain"), ("text/html", "<p>page</p>"), ("application/pdf", "x")]
    (row,), _ = read(tmp_path, "a.eml", multipart(*parts))
    assert (row["text"].strip(), row["attachments"]) == ("plain", 1)
    (row,), _ = read(
        tmp_path, "a.eml", multipart(("text/html; charset=utf-8", "<p>only <b>a</b> page</p>"), kind="alternative")
    )
    assert (row["text"], row["meta_steps"]) == ("only a page", "email: HTML part as text (resiliparse)")


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "koi8-r", "gb2312", "shift_jis"])
def test_encodings_of_parts(tmp_path, charset):
    text = {"koi8-r": "Привет, мир", "gb2312": "你好，世界", "shift_jis": "こんにちは"}.get(charset, "schöne Grüße")
    head = f"From: a@b\nSubject: x\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    (row,), _ = read(tmp_path, "a.eml", head.encode() + text.encode(charset), encoding="utf-8")
    assert row["text"] == text


def test_transfer_encodings(tmp_path):
    import base64

    head = "From: a@b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
    (row,), _ = read(tmp_path, "a.eml", head + "quoted-printable\n\nsch=C3=B6n=\n=20lang")
    assert row["text"] == "schön lang"
    (row,), _ = read(tmp_path, "a.eml", head + "base64\n\n" + base64.b64encode("schön".encode()).decode())
    assert row["text"] == "schön"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (multipart(("text/plain", "the end is miss"), end=""), "cut"),
        ("From: a@b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nc2Now7ZuIHVuZ", "cut"),
        (b"From: a@b\nContent-Type: text/plain; charset=utf-8\n\n" + "schön".encode("latin-1"), "encoding"),
        (multipart(("application/pdf", "x")), "empty"),
        ("From: a@b\n\n", "empty"),
        ("no headers at all", "broken"),
    ],
)
def test_messages_that_cannot_be_read(tmp_path, data, rule):
    rows, (reject,) = read(tmp_path, "a.eml", data)
    assert not rows and reject["rule"] == rule


@pytest.mark.parametrize(
    "head",
    [
        "Subject: =?nonsense?q?x?=\nFrom: \xff\xfe\nDate: yesterday",
        "Subject: =?utf-8?b?!!!?=\nFrom: a\nDate: Mon, 99 Foo 99999 99:99:99",
        "From: a\nContent-Type: text/plain; charset=no-such-thing",
        "From: a\nContent-Type: ;;;===",
        "From: a\nContent-Type: multipart/mixed",
        "From: a\nDate: Mon, 01 Jan 0001 00:00:00 +1400",
    ],
)
def test_broken_headers_do_no_harm(tmp_path, head):
    rows, rejects = read(tmp_path, "a.eml", f"{head}\n\nthe text".encode("latin-1"))
    assert [row["text"] for row in rows] == ["the text"] and not rejects


def test_deeply_nested_parts_do_no_harm(tmp_path):
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3_000))
    rows, (reject,) = read(tmp_path, "a.eml", f"From: a\n{head}\n\nx")
    assert not rows and reject["rule"] in ("broken", "cut", "empty")


def test_mailboxes(tmp_path):
    body = "It said:\n\n>From me to you at 10:00 2023\n>>From afar\n\nFrom 10:30 on, 2023 was fine."
    data = mbox(message("one", "first"), message("two", body), message("three", "last"))
    rows, _ = read(tmp_path, "a.mbox", data)
    assert [(row["subject"], row["meta_place"]) for row in rows] == [
        ("one", "message 1"),
        ("two", "message 2"),
        ("three", "message 3"),
    ]
    assert rows[1]["text"] == body.replace(">From", "From", 1).replace(">>From", ">From") + "\n"


def test_a_mailbox_that_is_cut_in_the_middle(tmp_path):
    whole = multipart(("text/plain", "some text"), ("application/pdf", "x" * 50))
    sloppy = multipart(("text/plain", "never closed"), end="")
    data = mbox(message("one", "first"), sloppy, whole)[:-60]
    rows, rejects = read(tmp_path, "a.mbox", data)
    assert [row["text"].strip() for row in rows] == ["first", "never closed"]
    assert {name.rpartition("/")[2]: rule for name, rule in rules(rejects).items()} == {"a.mbox message 3": "cut"}


def test_what_is_no_mailbox(tmp_path):
    for data, rule in ((b"no messages", "broken"), (b"", "empty"), (b"From me\n", "broken")):
        rows, (reject,) = read(tmp_path, "a.mbox", data)
        assert not rows and reject["rule"] == rule


BODIES = st.lists(st.text(st.sampled_from("ab\n From:>"), max_size=40), min_size=1, max_size=5)


@given(BODIES)
def test_messages_of_a_mailbox_are_found_again(bodies):
    escaped = [f"\n{body}".replace("\nFrom ", "\n>From ").replace("\n>>From ", "\n>>>From ")[1:] for body in bodies]
    data = "".join(f"From a Mon May  1 10:00:00 2023\nTo: b\n\n{body}\n\n" for body in escaped).encode()
    begins_and_ends = list(message_places(data))
    assert len(begins_and_ends) == len(bodies)
    for (begin, end), body in zip(begins_and_ends, escaped, strict=True):
        assert data[begin:end].rstrip(b"\n") == f"To: b\n\n{body}".encode().rstrip(b"\n")


@given(BODIES, st.integers(0, 5))
def test_pieces_of_a_mailbox_have_the_messages_of_the_whole(bodies, cut):
    data = "".join(f"From a Mon May  1 10:00:00 2023\nTo: b\n\n{body}\n\n" for body in bodies).encode()
    places = [start for start, _ in separators(data, 0, len(data))]
    middle = [*places, len(data)][min(cut, len(places))]
    pieces = [*message_places(data, 0, middle), *message_places(data, middle, len(data))]
    assert pieces == list(message_places(data))


def test_escapes_of_a_mailbox_are_undone_once():
    assert unescaped(b"a\n>From b\n>>From c\n> From d") == b"a\nFrom b\n>From c\n> From d"
