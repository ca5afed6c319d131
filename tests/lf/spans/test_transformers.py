"""A transformer that tags words, as a labeling function: a tiny one with random weights."""

import numpy as np
import polars as pl
import pytest

from tests.tiny_bert import WORDS, save_encoder, save_tagger
from weaklabel import transformers_ner_lf
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.spans.reasons import span_reason
from weaklabel.votes.spans.form import SpanForm

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
LABELS = ("PER", "LOC")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tagger(tmp_path_factory.mktemp("tagger") / "tagger", TAGS)


def texts_of(n, length=6, seed=0):
    rng = np.random.default_rng(seed)
    return ["\U0001f600 " + "  ".join(rng.choice(WORDS, length)) for _ in range(n)]


def expected(model, text):
    """Tag each token with transformers itself; the words of the texts are one token each."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForTokenClassification.from_pretrained(model).eval()
    tokens = tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    places = tokens.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        logits = network(**tokens).logits[0]
    top = logits.topk(2, dim=1).values
    if (top[:, 0] - top[:, 1]).min() < 0.2:
        return None  # in 16 bits, it may go either way
    best = logits.argmax(dim=1).tolist()
    spans, before = [], None
    for (begin, end), tag in zip(places[1:-1], best[1:-1], strict=True):
        kind = TAGS[tag][2:]
        if tag and TAGS[tag][0] == "I" and before == kind:
            spans[-1] = (spans[-1][0], end, LABELS.index(kind))
        elif tag:
            spans.append((begin, end, LABELS.index(kind)))
        before = kind or None
    return spans


def test_it_marks_what_the_model_tags(model):
    lf = transformers_ner_lf("t", model, threshold=0).bind(LABELS)
    batch = Batch(pl.DataFrame({"text": [*texts_of(20), "", "  "]}))
    votes = lf.vote(batch)
    there = [expected(model, text) if text.strip() else [] for text in batch.texts]
    compared = [row for row, spans in enumerate(there) if spans is not None]
    assert [votes[row] for row in compared] == [there[row] for row in compared]
    assert sum(len(votes[row]) for row in compared) > 10
    assert votes == [vote for at in range(len(batch)) for vote in lf.vote(batch.part(at, at + 1))]
    assert SpanForm(2).check("t", votes, batch).problems is None


def test_labels_and_threshold(model):
    batch = Batch(pl.DataFrame({"text": texts_of(20)}))
    both = transformers_ner_lf("t", model, threshold=0).bind(LABELS).vote(batch)
    people = transformers_ner_lf("t", model, {"PER": 0}, threshold=0).vote(batch)
    assert people == [[span for span in spans if span[2] == 0] for spans in both]
    sure = transformers_ner_lf("t", model, threshold=0.9).bind(LABELS).vote(batch)
    assert 0 < sum(map(len, sure)) < sum(map(len, both))
    assert all(set(some) <= set(every) for some, every in zip(sure, both, strict=True))
    assert transformers_ner_lf("t", model).complete


def test_long_texts_are_read_in_windows(model):
    (text,) = texts_of(1, length=200)
    lf = transformers_ner_lf("t", model, threshold=0).bind(LABELS)
    spans = lf(text)
    assert spans[-1][0] > len(text) / 2
    assert all(text[begin:end] == text[begin:end].strip() for begin, end, _ in spans)


def test_reason_and_identity(model, tmp_path):
    lf = transformers_ner_lf("t", model, threshold=0).bind(LABELS)
    text = next(text for text in texts_of(20) if lf(text))
    batch = Batch(pl.DataFrame({"text": [text]}))
    begin, end, label = lf(text)[0]
    words = " ".join(text[begin:end].split())
    why = span_reason(lf, batch, 0, (begin, end, label)).text
    assert why.startswith(f"the model tags '{words}' as {LABELS[label]} with probability 0.")
    other = save_tagger(tmp_path / "other", TAGS, seed=1)
    prints = {fingerprint(transformers_ner_lf("t", which, threshold=at)) for which in (model, other) for at in (0, 0.5)}
    assert len(prints - {None}) == 4


def test_models_that_do_not_fit(model, tmp_path):
    with pytest.raises(LFError, match=r"the model has no type 'PERS' \(did you mean 'PER'\?\); its types are LOC, PER"):
        transformers_ner_lf("t", model, {"PERS": 0})("free")
    plain = save_tagger(tmp_path / "plain", ["A", "B"])
    with pytest.raises(LFError, match="has tags such as 'A'; it needs O and tags such as B-PER"):
        transformers_ner_lf("t", plain)("free")
    with pytest.raises(LFError, match=r"LF 't': model .* has no trained weights for"):
        transformers_ner_lf("t", save_encoder(tmp_path / "encoder"))("free")
    with pytest.raises(LFError, match=r"LF 't': model .*none' cannot be loaded"):
        transformers_ner_lf("t", tmp_path / "none")("free")
    with pytest.raises(LFError, match="threshold must be a probability"):
        transformers_ner_lf("t", model, threshold=2)
    with pytest.raises(LFError, match="max_length must be a number of tokens"):
        transformers_ner_lf("t", model, max_length=1)
