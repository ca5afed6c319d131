import json

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from weaklabel.classifier import BertClassifier
from weaklabel.classifier.pretraining import pretrain_mlm
from weaklabel.errors import ClassifierError

FAST = {"lr": 5e-3, "batch_size": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def pretrained(tiny_bert, reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrained") / "encoder"
    return pretrain_mlm(reviews[0], folder, tiny_bert, epochs=30, **FAST)


def test_it_learns_what_words_stand_where(pretrained, reviews):
    history = json.loads((pretrained / "pretraining.json").read_text(encoding="utf-8"))["history"]
    assert len(history) == 30
    # Any guess at random costs the logarithm of the vocabulary.
    assert np.mean([entry["loss"] for entry in history[-5:]]) < 0.7 * np.log(23)
    assert history[0]["loss"] > np.mean([entry["loss"] for entry in history[-5:]])


def test_the_folder_is_a_model_to_fine_tune(pretrained, tiny_bert, reviews):
    before, after = AutoModel.from_pretrained(tiny_bert), AutoModel.from_pretrained(pretrained)
    name = "encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(before.state_dict()[name], after.state_dict()[name])
    assert torch.equal(before.state_dict()["pooler.dense.weight"], after.state_dict()["pooler.dense.weight"])
    assert (
        AutoTokenizer.from_pretrained(pretrained)("good")["input_ids"]
        == AutoTokenizer.from_pretrained(tiny_bert)("good")["input_ids"]
    )
    model = BertClassifier(pretrained, epochs=8, **FAST).fit(*reviews)
    assert model.predict(["the book was good", "the play was awful"]).tolist() == [1, 0]


def test_same_seed_same_encoder_and_nothing_is_done_twice(pretrained, tiny_bert, reviews, tmp_path):
    again = pretrain_mlm(reviews[0], tmp_path / "again", tiny_bert, epochs=30, **FAST)
    assert (again / "model.safetensors").read_bytes() == (pretrained / "model.safetensors").read_bytes()
    written = (again / "model.safetensors").stat().st_mtime_ns
    pretrain_mlm(reviews[0], again, tiny_bert, epochs=30, **FAST)
    assert (again / "model.safetensors").stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == ["again"], "no checkpoint is left"
    with pytest.raises(ClassifierError, match=r"again holds something other than this model pretrained"):
        pretrain_mlm(reviews[0], again, tiny_bert, epochs=2, **FAST)


def test_a_folder_of_something_else_is_left_alone(tiny_bert, reviews, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ClassifierError, match="something other"):
        pretrain_mlm(reviews[0], tmp_path, tiny_bert, **FAST)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_the_new_head_is_tied_to_the_embeddings(tiny_bert):
    from weaklabel.classifier.transformer import load_for_masking

    model, _ = load_for_masking(tiny_bert)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_the_chosen_tokens_alone_are_guessed(tiny_bert, reviews):
    """The loss equals that of the whole model's logits at the masked places."""
    from weaklabel.classifier.forward import padded
    from weaklabel.classifier.pretraining import masked_loss

    model = AutoModelForMaskedLM.from_pretrained(tiny_bert).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    ids = tokenizer(reviews[0])["input_ids"]
    device = torch.device("cpu")
    seen = {}

    def keep(module, inputs, options):
        seen.update(options)

    model.register_forward_pre_hook(keep, with_kwargs=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        loss = masked_loss(model, tokenizer, ids, 0.5, device)(np.arange(24))
        torch.manual_seed(1)
        tokens, mask = padded(ids, 0)
        chosen = (torch.rand(tokens.shape) < 0.5) & (tokens > 4)
    changed = seen["input_ids"] != tokens
    assert not (changed & ~chosen).any(), "what is not to be guessed stays"
    assert 0.6 < float((seen["input_ids"] == 4).sum() / chosen.sum()) < 0.95
    with torch.inference_mode():
        logits = model(input_ids=seen["input_ids"], attention_mask=mask).logits
    expected = torch.nn.functional.cross_entropy(logits[chosen], tokens[chosen])
    assert float(loss.detach()) == pytest.approx(float(expected), rel=0.02)


def test_texts_without_a_token_to_guess(tiny_bert, tmp_path):
    with pytest.raises(ClassifierError, match="none of 2 texts has a token to predict"):
        pretrain_mlm(["", " "], tmp_path / "out", tiny_bert, **FAST)
    made = pretrain_mlm(["", "good film"], tmp_path / "out", tiny_bert, **FAST)
    assert json.loads((made / "pretraining.json").read_text(encoding="utf-8"))["texts"] == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"epochs": 0}, "epochs of the pretraining must be 1 or more"),
        ({"mask_share": 1.0}, "mask_share must be above 0 and below 1"),
        ({"lr": 0.0}, "lr of the pretraining must be above 0"),
    ],
)
def test_wrong_settings_are_said(tiny_bert, tmp_path, params, message):
    with pytest.raises(ClassifierError, match=message):
        pretrain_mlm(["good"], tmp_path / "out", tiny_bert, **FAST | params)


def test_the_classifier_pretrains_on_texts_without_votes_too(tiny_bert, reviews, tmp_path):
    texts, probs = [*reviews[0], "the old spark", "an ember"], [*reviews[1], *[[np.nan] * 2] * 2]
    model = BertClassifier(tiny_bert, pretrain_epochs=2, epochs=4, **FAST).fit(texts, probs)
    assert model.training_["pretraining"]["texts"] == 26
    assert [entry["epoch"] for entry in model.training_["pretraining"]["history"]] == [1, 2]
    plain = BertClassifier(tiny_bert, epochs=4, **FAST).fit(texts, probs)
    assert not np.array_equal(model.predict_proba(texts), plain.predict_proba(texts))
    model.save(tmp_path / "model")
    assert "masked-language modelling on 26 texts" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
