import json
import random

import numpy as np
import pytest
import torch
from sklearn.base import clone
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from weaklabel import WeakLabelWarning
from weaklabel.classifier import BertClassifier, load_classifier
from weaklabel.errors import ClassifierError
from weaklabel.support import progress

FAST = {"epochs": 8, "lr": 5e-3, "batch_size": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def trained(tiny_bert, reviews):
    return BertClassifier(tiny_bert, ("bad", "good"), **FAST).fit(*reviews)


def test_learns_and_predicts_probabilities(trained):
    texts = ["the book was good", "the play was awful", "nice song"]
    p = trained.predict_proba(texts)
    assert p.dtype == np.float64
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert trained.predict(texts).tolist() == [1, 0, 1]
    assert trained.predict(texts).dtype == np.int64


def test_soft_targets_are_matched(tiny_bert):
    texts = ["the spark"] * 12 + ["the ember"] * 12
    probs = [[0.5, 0.5]] * 12 + [[0.05, 0.95]] * 12
    model = BertClassifier(tiny_bert, **FAST | {"epochs": 60, "batch_size": 24}).fit(texts, probs)
    p = model.predict_proba(["the spark", "the ember"])[:, 1]
    assert p[0] == pytest.approx(0.5, abs=0.1)
    assert p[1] == pytest.approx(0.95, abs=0.03)


def test_weights_decide_a_contradiction(tiny_bert):
    texts, labels = ["the spark", "the spark", "the ember", "the ember"] * 8, [0, 1, 1, 0] * 8
    model = BertClassifier(tiny_bert, **FAST).fit(texts, labels, sample_weight=[9, 1, 9, 1] * 8)
    assert model.predict(["the spark", "the ember"]).tolist() == [0, 1]
    # Only the proportions of weights count, not their scale.
    scaled = BertClassifier(tiny_bert, **FAST).fit(texts, labels, sample_weight=[900, 100, 900, 100] * 8)
    np.testing.assert_allclose(scaled.predict_proba(["the spark"]), model.predict_proba(["the spark"]), atol=1e-3)


def test_rows_without_a_vote_are_left_out(tiny_bert, reviews, trained):
    texts, probs = reviews
    padded = BertClassifier(tiny_bert, ("bad", "good"), **FAST)
    padded.fit([*texts, "the spark"], [*probs, [np.nan, np.nan]])
    assert np.array_equal(padded.predict_proba(texts), trained.predict_proba(texts))
    uniform = BertClassifier(tiny_bert, uncovered="uniform", **FAST).fit([*texts, "the spark"], [*probs, [np.nan] * 2])
    assert padded.training_["train_rows"] == len(texts)
    assert uniform.training_["train_rows"] == len(texts) + 1


def test_same_seed_same_model_and_global_generators_untouched(tiny_bert, reviews, trained):
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    again = BertClassifier(tiny_bert, ("bad", "good"), **FAST).fit(*reviews)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]
    assert np.array_equal(again.predict_proba(reviews[0]), trained.predict_proba(reviews[0]))
    other = BertClassifier(tiny_bert, ("bad", "good"), seed=1, **FAST).fit(*reviews)
    assert not np.array_equal(other.predict_proba(reviews[0]), trained.predict_proba(reviews[0]))


def test_saved_and_loaded_predicts_the_same(tmp_path, trained, reviews):
    trained.save(tmp_path / "model", provenance="Made up | by *this* test.")
    loaded = load_classifier(tmp_path / "model").set_params(device="cpu")
    assert isinstance(loaded, BertClassifier)
    assert loaded.labels_ == ("bad", "good")
    assert loaded.training_ == trained.training_
    assert loaded.provenance_ == "Made up | by *this* test."
    assert np.array_equal(loaded.predict_proba(reviews[0]), trained.predict_proba(reviews[0]))
    loaded.save(tmp_path / "again")
    assert "Made up" in (tmp_path / "again" / "README.md").read_text(encoding="utf-8")
    assert np.array_equal(load_classifier(tmp_path / "again").predict(reviews[0]), trained.predict(reviews[0]))


def test_loads_with_plain_transformers(tmp_path, trained):
    trained.save(tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").is_file()
    assert not [path for path in (tmp_path / "model").iterdir() if path.suffix in (".bin", ".pkl", ".pt")]
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert model.config.id2label == {0: "bad", 1: "good"}
    assert model.config.label2id == {"bad": 0, "good": 1}
    with torch.inference_mode():
        logits = model(**tokenizer("a good book", return_tensors="pt")).logits
    expected = trained.predict_proba(["a good book"])[0]
    np.testing.assert_allclose(torch.softmax(logits, dim=1)[0].numpy(), expected, atol=0.02)
    classify = pipeline("text-classification", model=str(tmp_path / "model"), device="cpu")
    assert classify("a good book")[0]["label"] == trained.labels_[expected.argmax()]


def test_model_card(tmp_path, tiny_bert, reviews):
    model = BertClassifier(tiny_bert, ("<b>bad</b>", "go|od"), **FAST | {"epochs": 2}).fit(*reviews)
    model.save(tmp_path / "model", provenance="Two rules | by hand.")
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert str(tiny_bert) in card
    assert "| 0 | \\<b\\>bad\\</b\\> | 50.0% |" in card
    assert "| 1 | go\\|od | 50.0% |" in card
    assert "Two rules \\| by hand." in card
    assert "| lr | 0.005 |" in card
    assert card.count("\n| 1 | ") == 2, "a class and an epoch"
    assert "No validation rows were used." in card
    for heading in ("How the labels were made", "Training", "Intended use and limits"):
        assert f"\n## {heading}\n" in card
    model.save(tmp_path / "marked", entities=("e1", "e2"))
    assert "the @ rain @ met" in (tmp_path / "marked" / "README.md").read_text(encoding="utf-8")
    assert "the @ rain @ met" not in card


def test_truncated_texts_are_counted(tiny_bert, reviews, trained):
    long, fits = "good " * 40, "good " * 30  # 30 words and two special tokens are just 32
    with pytest.warns(WeakLabelWarning, match="2 of 4 texts are longer than 32 tokens"):
        trained.predict([long, fits, "good", long])
    texts, probs = reviews
    with pytest.warns(WeakLabelWarning, match="1 of 25 texts are longer than 6 tokens") as caught:
        model = BertClassifier(tiny_bert, max_length=6, **FAST).fit([*texts, long], [*probs, [0, 1]])
    assert len([each for each in caught if each.category is WeakLabelWarning]) == 1
    assert model.training_["truncated"] == 1
    assert model.training_["max_tokens"] == 6


def test_stops_early_and_restores_the_best_epoch(tiny_bert, reviews, tmp_path):
    texts, probs = reviews
    contrary = 1 - np.array(probs)
    model = BertClassifier(tiny_bert, patience=2, run_folder=tmp_path, **FAST)
    model.fit(texts, probs, validation=(texts, contrary))
    history = model.training_["history"]
    losses = [entry["validation_loss"] for entry in history]
    best = model.training_["best_epoch"]
    assert best == 1 + int(np.argmin(losses))
    assert len(history) == best + 2 < FAST["epochs"]
    kept = -(contrary * np.log(model.predict_proba(texts))).sum(axis=1).mean()
    assert kept == pytest.approx(losses[best - 1], abs=1e-4)
    assert model.training_["validation"] == "given"
    assert model.training_["validation_rows"] == len(texts)


def test_validates_on_weak_labels(tiny_bert, reviews, tmp_path):
    model = BertClassifier(tiny_bert, validation_share=0.25, patience=3, **FAST).fit(*reviews)
    assert model.training_["validation"] == "weak labels"
    assert (model.training_["train_rows"], model.training_["validation_rows"]) == (18, 6)
    model.save(tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "weaklabel.json").read_text(encoding="utf-8"))
    assert manifest["state"]["training"]["validation"] == "weak labels"
    assert "held-out rows with weak labels" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_gold_without_labels_is_not_validated_on(tiny_bert, reviews):
    texts, probs = reviews
    model = BertClassifier(tiny_bert, **FAST).fit(texts, probs, validation=(["good film", "spark"], [1, -1]))
    assert model.training_["validation_rows"] == 1


def test_log_grows_by_one_line_an_epoch(tiny_bert, reviews, tmp_path, capsys):
    model = BertClassifier(tiny_bert, run_folder=tmp_path / "run", **FAST | {"epochs": 3}).fit(*reviews)
    lines = (tmp_path / "run" / "training.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == model.training_["history"]
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]
    rates = [json.loads(line)["lr"] for line in lines]
    assert 5e-3 > rates[0] > rates[1] > rates[2] > 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("batch_size", "epochs"), [(24, 10), (4, 9), (1, 3)])
def test_few_texts_are_passed_over_more_often(tiny_bert, reviews, batch_size, epochs):
    model = BertClassifier(tiny_bert, batch_size=batch_size, device="cpu").fit(*reviews)
    assert len(model.training_["history"]) == model.training_["epochs"] == epochs


def test_progress_goes_to_standard_error(tiny_bert, reviews, capsys, monkeypatch):
    monkeypatch.setattr(progress, "LASTING_SECONDS", 0.0)
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    BertClassifier(tiny_bert, progress=True, **FAST | {"epochs": 1}).fit(*reviews)
    out, err = capsys.readouterr()
    assert out == ""
    assert "training: 100%" in err
    assert "batches/s" in err


def test_classes_without_names(tiny_bert, reviews):
    model = BertClassifier(tiny_bert, **FAST | {"epochs": 1}).fit(reviews[0], [0, 1, 2] * 8)
    assert model.labels_ == ("class_0", "class_1", "class_2")
    assert model.model_.config.id2label[2] == "class_2"
    assert model.predict_proba(["good"]).shape == (1, 3)


def test_a_head_of_another_size_is_replaced(tmp_path, tiny_bert, trained):
    trained.save(tmp_path / "two")
    model = BertClassifier(tmp_path / "two", **FAST | {"epochs": 1}).fit(["good", "bad", "spark"], [0, 1, 2])
    assert model.predict_proba(["good"]).shape == (1, 3)


def test_empty_input(tiny_bert, trained):
    assert trained.predict_proba([]).shape == (0, 2)
    assert trained.predict([]).shape == (0,)
    assert trained.predict_proba([""]).shape == (1, 2)
    with pytest.raises(ClassifierError, match="no row to train on"):
        BertClassifier(tiny_bert).fit([], np.empty((0, 2)))
    with pytest.raises(ClassifierError, match="2 have no vote"):
        BertClassifier(tiny_bert).fit(["a", "b"], [[np.nan] * 2] * 2)
    with pytest.raises(ClassifierError, match=r"class_1.*two classes"):
        BertClassifier(tiny_bert).fit(["a", "b"], [1, 1])
    with pytest.raises(ClassifierError, match="not fitted"):
        BertClassifier(tiny_bert).predict(["a"])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"epochs": 0}, "epochs must be from 1"),
        ({"lr": -1.0}, "lr must be"),
        ({"warmup": 2.0}, "warmup must be from 0 to 1"),
        ({"patience": 1}, "patience needs validation rows"),
        ({"validation_share": 0.9}, "leaves none of 1 rows"),
    ],
)
def test_wrong_settings_are_said(tiny_bert, params, message):
    with pytest.raises(ClassifierError, match=message):
        BertClassifier(tiny_bert, **params).fit(["good"], [[0.5, 0.5]])


def test_settings_can_be_checked_before_there_are_labels():
    BertClassifier(lr=[1e-4, 2e-4], metric="f1", labels=("a", "b")).check_params(validated=True)
    with pytest.raises(ClassifierError, match="several learning rates needs validation rows"):
        BertClassifier(lr=[1e-4, 2e-4]).check_params(validated=False)
    with pytest.raises(ClassifierError, match="use 'macro_f1'"):
        BertClassifier(metric="f1", labels=("a", "b", "c")).check_params(validated=True)


def test_two_sources_of_validation_are_refused(tiny_bert, reviews):
    with pytest.raises(ClassifierError, match="not both"):
        BertClassifier(tiny_bert, validation_share=0.1).fit(*reviews, validation=reviews)


def test_divergence_is_said(tiny_bert, reviews):
    with pytest.raises(ClassifierError, match=r"diverged.*lower lr"):
        BertClassifier(tiny_bert, lr=1e30, epochs=4, device="cpu").fit(*reviews)


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ClassifierError, match=r"no-such-org/no-such-model.*hf download"):
        BertClassifier("no-such-org/no-such-model").fit(["a", "b"], [0, 1])
    with pytest.raises(ClassifierError, match="holds no transformers checkpoint"):
        BertClassifier(tmp_path).fit(["a", "b"], [0, 1])


def test_a_checkpoint_without_its_tokenizer(tmp_path, tiny_bert):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((tiny_bert / name).read_bytes())
    with pytest.raises(ClassifierError, match="tokenizer"):
        BertClassifier(tmp_path).fit(["good", "bad"], [0, 1])


def test_a_damaged_save_is_said(tmp_path, trained):
    trained.save(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"cut short")
    with pytest.raises(ClassifierError, match=r"cannot load the bert classifier in .*model"):
        load_classifier(tmp_path / "model")


def test_scikit_learn_clones_it(tiny_bert, trained):
    copy = clone(trained)
    assert copy.get_params() == trained.get_params()
    assert not hasattr(copy, "model_")


def test_a_decoder_without_a_padding_token(tmp_path):
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({"<end>": 0, "<unk>": 1, "good": 2, "bad": 3, "very": 4}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>", unk_token="<unk>").save_pretrained(tmp_path)
    GPT2Model(GPT2Config(vocab_size=5, n_positions=16, n_embd=16, n_layer=1, n_head=2)).save_pretrained(tmp_path)
    texts = ["good", "very good", "bad", "very very bad"] * 4
    model = BertClassifier(tmp_path, **FAST).fit(texts, [1, 1, 0, 0] * 4)
    assert model.predict(["very good", "bad"]).tolist() == [1, 0]
    assert model.predict_proba(["", "good"]).shape == (2, 2)


def test_embedded_encoder_learns_an_easy_rule(tmp_path):
    foods = ["soup", "bread", "rice", "pasta", "salad", "cake", "cheese", "curry", "beans", "pie"]
    sports = ["tennis", "football", "rowing", "boxing", "cricket", "hockey", "golf", "judo", "rugby", "chess"]
    food = [f"we cooked {name} for dinner" for name in foods] + [f"{name} with a little salt" for name in foods]
    sport = [f"she won the {name} match" for name in sports] + [f"{name} training starts at six" for name in sports]
    model = BertClassifier(labels=("food", "sport"), epochs=4, lr=3e-4, batch_size=8)
    model.fit([*food, *sport], [[0.95, 0.05]] * 20 + [[0.1, 0.9]] * 20)
    unseen = [
        "a bowl of noodles for lunch",
        "the volleyball final was close",
        "grilled fish and lemon",
        "he lost at squash",
    ]
    assert model.predict(unseen).tolist() == [0, 1, 0, 1]
    model.save(tmp_path / "model")
    assert np.array_equal(load_classifier(tmp_path / "model").predict_proba(unseen), model.predict_proba(unseen))
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert 'base_model: "sentence-transformers/all-MiniLM-L6-v2"' in card


def test_a_texts_probabilities_do_not_depend_on_the_others(trained, reviews):
    texts = [*reviews[0], "a " * 40, "good", "good"]
    together = trained.predict_proba(texts)
    alone = np.concatenate([trained.predict_proba([text]) for text in texts])
    assert np.array_equal(together, alone)
    assert np.array_equal(trained.predict_proba(texts[::-1]), together[::-1])


def test_default_epochs_are_by_rows_and_classes(tiny_bert):
    options = BertClassifier(tiny_bert).options()
    assert [options.epochs_and_patience(rows, 2, False) for rows in (10, 800, 1_600, 10**6)] == [
        (10, None),
        (2, None),
        (1, None),
        (1, None),
    ]
    assert options.epochs_and_patience(1_750, 9, False) == (5, None)
    assert options.epochs_and_patience(1_750, 2, True) == (5, 2)
    chosen = BertClassifier(tiny_bert, epochs=3, patience=1).options()
    assert chosen.epochs_and_patience(10, 2, True) == (3, 1)
