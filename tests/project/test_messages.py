"""What a run says of a setting names it as the project file does; a command names its option, and Python the argument."""

import pytest

from weaklabel import cli, read_corpus
from weaklabel.config import read_project
from weaklabel.errors import WeakLabelError
from weaklabel.project.run import run_project

CORPORA = {
    "encoding": ("messages.csv", "text\nschön war’s\n".encode("cp1252"), "encoding", "cp1252"),
    "UTF-16": ("messages.csv", ("text\n" + "thanks a lot\n" * 9).encode("utf-16-le"), "encoding", "utf-16-le"),
    "skip_rows": ("messages.csv", b"Export\nid,text\n1,thanks\n", "skip_rows", 1),
    "comment": ("messages.csv", b"# made today\nid,text\n1,thanks\n", "comment", "#"),
    "text": ("messages.csv", b"id,body\n1,thanks\n", "text", None),
    "field": ("messages.jsonl", b'{"text": {"body": "thanks"}}\n', "text", "text.body"),
    "json": ("messages.jsonl", b'[{"text": "thanks"}]\n', "format", "json"),
    "jsonl": ("messages.json", b'[{"text": "thanks"}]\n{"text": "no"}\n', "format", "jsonl"),
    "format": ("messages.dat", b"text\nthanks\n", "format", None),
    "parquet": ("messages.csv", b"PAR1" + bytes(100), "format", "parquet"),
}


@pytest.mark.parametrize("case", CORPORA)
def test_a_setting_is_called_as_the_user_calls_it(place, capsys, case):
    name, content, setting, value = CORPORA[case]
    corpus = place.folder / name
    corpus.write_bytes(content)
    place.edit("project.toml", "messages.csv", name)
    shown = "" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
    word = "'#'" if value == "#" else value

    with pytest.raises(WeakLabelError) as raised:
        run_project(read_project(place.project), file=place.project)
    assert f"corpus.{setting}" + (f" = {shown}" if shown else "") in str(raised.value)
    assert "--" not in str(raised.value)

    def said(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        assert stopped.value.code == 1
        return capsys.readouterr().err

    for extra in ((), ("--dry-run",)):
        error = said("run", place.project, *extra)
        assert f"corpus.{setting}" + (f" = {shown}" if shown else "") in error and "--" not in error
    option = f"--{setting.replace('_', '-')}" + ("" if value is None else f" {word}")
    assert option in said("label", corpus, "--lfs", place.pack, "-o", place.folder / "out.csv")

    with pytest.raises(WeakLabelError) as raised:
        read_corpus(corpus).texts()
    assert setting + (f"={shown}" if shown else "") in str(raised.value)
    assert "--" not in str(raised.value) and "corpus." not in str(raised.value)
