"""Languages: sentences in ten languages, and texts that have none."""

import polars as pl
import pytest

from benchmarks.quality.sentences import SENTENCES
from weaklabel.clean import clean_corpus, languages_of


def test_sentences_in_ten_languages():
    for language, sentences in SENTENCES.items():
        assert languages_of(pl.Series(sentences))["language"].to_list() == [language] * len(sentences)


@pytest.mark.parametrize("text", ["", "12:30", "!!! :-)", "\x00\x00", "👍👍", "  \n "])
def test_a_text_that_tells_nothing_is_undetermined(text):
    assert languages_of(pl.Series([text])).row(0) == ("und", 0.0)


def test_missing_texts_have_no_language():
    assert languages_of(pl.Series([None, "Guten Morgen zusammen"], dtype=pl.String)).row(0) == (None, None)


def test_a_text_has_the_same_language_in_capitals_and_on_several_lines():
    languages = languages_of(pl.Series(["WHERE IS THE NEXT STATION?", "Where is\nthe next\nstation?"]))
    assert languages["language"].to_list() == ["en", "en"]


def test_a_megabyte_is_read_from_its_beginning():
    assert languages_of(pl.Series(["Das ist ein Satz. " * 60_000]))["language"][0] == "de"


def test_only_what_is_surely_in_another_language_is_dropped():
    texts = ["hi", "ok", "12:30", "Das ist ganz sicher ein deutscher Satz.", "This one is surely English."]
    lenient = clean_corpus({"text": texts}, rules={"language": "en"})
    assert lenient.dropped == {"language": 1}
    assert lenient.frame["language"][2] == "und"
    strict = clean_corpus({"text": texts}, rules={"language": "en", "min-language-confidence": 0.9})
    assert strict.frame["text"].to_list() == ["This one is surely English."]


def test_languages_can_be_found_without_dropping_anything():
    done = clean_corpus({"text": ["这是中文。", "это по-русски"]}, rules={"language": "any"})
    assert done.frame["language"].to_list() == ["zh", "ru"]
    assert done.dropped == {}
