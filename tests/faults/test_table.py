"""The document agrees with the tests."""

from tests.faults import table


def test_the_document_is_generated_from_the_cases():
    assert table.DOCUMENT.read_text(encoding="utf-8") == table.document(), "run python -m tests.faults.table"


def test_every_file_of_cases_is_in_the_document():
    files = {path.stem for path in table.Path(__file__).parent.glob("test_*_faults.py")}
    assert files == {group.__name__.rpartition(".")[2] for group in table.GROUPS}


def test_cases_are_told_apart():
    for group in table.GROUPS:
        names = [case.given for case in group.CASES]
        assert len(set(names) - {"the same, to CSV"}) == len([name for name in names if name != "the same, to CSV"])
