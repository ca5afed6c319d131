"""Round trips: what is exported is read by `datasets`, and trained on by TRL with the loss on the answer alone."""

import pytest

from tests.export.conftest import ROWS, write_rows
from tests.tiny_llm import save_causal
from weaklabel.project.export import export_corpus

NAMED = {"license": "cc0-1.0", "source_license": "cc0-1.0"}
FORMS = ["messages", "prompt-completion", "alpaca", "sharegpt", "preference", "kto"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("model") / "tiny")


def test_datasets_loads_each_form_and_split_of_a_folder(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = [(*row[:-1], split) for row in ROWS for split in ("train", "valid", "test")]
    source = write_rows(tmp_path / "labeled.csv", rows)
    out = tmp_path / "out"
    done = export_corpus(source, out, FORMS, card=NAMED)
    assert datasets.get_dataset_config_names(str(out)) == FORMS
    for form in FORMS:
        loaded = datasets.load_dataset(str(out), form, cache_dir=str(tmp_path / "cache"))
        assert set(loaded) == {"train", "validation", "test"}
        assert sum(map(len, loaded.values())) == done.records[form].rows
    card = pytest.importorskip("huggingface_hub").DatasetCard.load(str(out / "README.md"))
    assert card.data.license == "cc0-1.0" and "weak-supervision" in card.data.tags


def trained_on(kind, config, model, out, form, tmp_path, **options):
    """Let a trainer of TRL prepare an export, and return the trainer."""
    trl = pytest.importorskip("trl")
    datasets = pytest.importorskip("datasets")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    train = datasets.load_dataset(str(out), form, split="train", cache_dir=str(tmp_path / "cache"))
    arguments = getattr(trl, config)(
        output_dir=str(tmp_path / "trained"),
        report_to=[],
        use_cpu=True,
        max_steps=1,
        per_device_train_batch_size=2,
        **options,
    )
    return getattr(trl, kind)(
        model=AutoModelForCausalLM.from_pretrained(model),
        args=arguments,
        train_dataset=train,
        processing_class=AutoTokenizer.from_pretrained(model),
    )


@pytest.mark.parametrize("options", [{}, {"plain": True}, {"system": "You sort mail."}])
def test_the_loss_is_on_the_answer_and_nothing_else(model, tmp_path, options):
    out = tmp_path / "out"
    source = write_rows(tmp_path / "labeled.csv")
    export_corpus(source, out, "prompt-completion", options=options, card=NAMED)
    trainer = trained_on("SFTTrainer", "SFTConfig", model, out, "prompt-completion", tmp_path)
    tokenizer = trainer.processing_class
    for row, answer in zip(trainer.train_dataset, ["spam", "ham"], strict=True):
        on = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != -100]
        off = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label == -100]
        # The answer and the end of the turn; in ChatML a line ends after it.
        assert tokenizer.decode(on) == answer + tokenizer.eos_token + ("" if options.get("plain") else "\n")
        assert tokenizer.decode(row["input_ids"]) == tokenizer.decode(off) + tokenizer.decode(on)
    batch = next(iter(trainer.get_train_dataloader()))
    assert (batch["labels"] != -100).sum(dim=1).tolist() != [0, 0]


def test_messages_alone_put_the_loss_on_everything_where_the_template_has_no_generation_marks(model, tmp_path):
    out = tmp_path / "out"
    export_corpus(write_rows(tmp_path / "labeled.csv"), out, "messages", card=NAMED)
    trainer = trained_on("SFTTrainer", "SFTConfig", model, out, "messages", tmp_path)
    assert all(-100 not in row["labels"] for row in trainer.train_dataset)


@pytest.mark.parametrize("form, kind", [("preference", "DPO"), ("kto", "KTO")])
def test_preferences_are_trained_on(model, tmp_path, form, kind):
    out = tmp_path / "out"
    rows = [(f"{text} {n}", *rest) for n in range(2) for text, *rest in ROWS]
    export_corpus(write_rows(tmp_path / "labeled.csv", rows), out, form, card=NAMED)
    trainer = trained_on(f"{kind}Trainer", f"{kind}Config", model, out, form, tmp_path)
    assert trainer.train().training_loss > 0
