import json
import multiprocessing
import os
import signal

import pytest
import torch

from weaklabel.classifier import BertClassifier
from weaklabel.classifier.checkpoint import Checkpoint
from weaklabel.errors import ClassifierError

FAST = {"epochs": 3, "lr": 5e-3, "batch_size": 4, "device": "cpu", "checkpoint_seconds": 0.0}

# The server imports torch once; each process that is to be killed is a fork of it.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["weaklabel.classifier.training", "transformers.models.bert.modeling_bert"])


def train_and_die(params, texts, probs, validation, saves):
    """Train, and kill this process after so many checkpoints."""
    torch.set_num_threads(1)
    save, left = Checkpoint.save, saves

    def save_then_die(self, *state):
        nonlocal left
        save(self, *state)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoint.save = save_then_die
    BertClassifier(**params).fit(texts, probs, validation=validation)


def kill(*given):
    """Train in a process of its own that kills itself after so many checkpoints."""
    process = PROCESSES.Process(target=train_and_die, args=given)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def weights(model):
    return {name: value.clone() for name, value in model.model_.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def training_record(model):
    """What training_ says, but for the clock."""
    record = json.loads(json.dumps(model.training_))
    for entry in record["history"] + record.get("pretraining", {"history": []})["history"]:
        del entry["seconds"], entry["texts_per_second"]
    return record


# 24 texts make 6 batches an epoch; the last of an epoch is not saved after, so there are 5 checkpoints an epoch.
@pytest.mark.parametrize("saves", [2, 8])
def test_a_killed_training_ends_as_one_left_alone(tiny_bert, reviews, tmp_path, saves):
    params = FAST | {"model": str(tiny_bert), "labels": ["bad", "good"], "run_folder": str(tmp_path / "run")}
    validation = [reviews[0][:6], [0, 1, 0, 1, 1, 1]]
    alone = BertClassifier(**params | {"run_folder": None}).fit(*reviews, validation=validation)
    kill(params, *reviews, validation, saves)
    assert (tmp_path / "run" / "checkpoint.safetensors").is_file()
    resumed = BertClassifier(**params).fit(*reviews, validation=validation)
    assert same(weights(resumed), weights(alone))
    assert training_record(resumed) == training_record(alone)
    lines = (tmp_path / "run" / "training.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == resumed.training_["history"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["training.jsonl"], "nothing is left to go on with"


def test_a_killed_choice_among_learning_rates_goes_on(tiny_bert, reviews, tmp_path):
    params = FAST | {"epochs": 1, "lr": [1e-3, 5e-3], "model": str(tiny_bert), "run_folder": str(tmp_path)}
    alone = BertClassifier(**params | {"run_folder": None}).fit(*reviews, validation=reviews)
    kill(params, *reviews, [*reviews], 6 + 2)  # the first rate is done: 5 checkpoints and its end
    first = (tmp_path / "lr-0.001" / "checkpoint.safetensors").stat().st_mtime_ns
    calls, save = [], Checkpoint.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", lambda self, *state: (calls.append(self.path), save(self, *state)))
        resumed = BertClassifier(**params).fit(*reviews, validation=reviews)
    assert first and calls.count(tmp_path / "lr-0.001" / "checkpoint.safetensors") <= 1, "it is not trained again"
    assert same(weights(resumed), weights(alone))
    assert training_record(resumed) == training_record(alone)


@pytest.mark.parametrize("saves", [2, 9])
def test_a_killed_pretraining_goes_on(tiny_bert, reviews, tmp_path, saves):
    params = FAST | {"epochs": 1, "pretrain_epochs": 1, "model": str(tiny_bert), "run_folder": str(tmp_path / "run")}
    alone = BertClassifier(**params | {"run_folder": None}).fit(*reviews)
    kill(params, *reviews, None, saves)  # in the pretraining, or when it is done
    resumed = BertClassifier(**params).fit(*reviews)
    assert same(weights(resumed), weights(alone))
    assert training_record(resumed) == training_record(alone)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["training.jsonl"]


def test_another_training_is_refused_until_the_checkpoint_goes(tiny_bert, reviews, tmp_path):
    texts, probs = reviews
    params = FAST | {"model": str(tiny_bert), "run_folder": str(tmp_path)}
    kill(params, texts, probs, None, 2)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    changes = {
        "batch_size, lr": (params | {"batch_size": 6, "lr": 1e-3}, texts, probs),
        "label_smoothing": (params | {"label_smoothing": 0.1}, texts, probs),
        "model, seed": (params | {"seed": 3}, texts, probs),
        "targets": (params, texts, [[0.2, 0.8], *probs[1:]]),
        "texts": (params, ["a song", *texts[1:]], probs),
    }
    for differs, (changed, given, labels) in changes.items():
        with pytest.raises(ClassifierError, match=rf"another training.* differs in {differs}; give another run folder"):
            BertClassifier(**changed).fit(given, labels)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before
    (tmp_path / "checkpoint.safetensors").unlink()
    BertClassifier(**params | {"epochs": 1, "seed": 3}).fit(texts, probs)


def test_a_damaged_checkpoint_is_said(tiny_bert, reviews, tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"cut short")
    with pytest.raises(ClassifierError, match=r"checkpoint\.safetensors is damaged .*delete it"):
        BertClassifier(tiny_bert, run_folder=tmp_path, **FAST).fit(*reviews)


def test_a_finished_training_begins_anew(tiny_bert, reviews, tmp_path):
    first = BertClassifier(tiny_bert, run_folder=tmp_path, **FAST | {"epochs": 1}).fit(*reviews)
    second = BertClassifier(tiny_bert, run_folder=tmp_path, **FAST | {"epochs": 1, "seed": 1}).fit(*reviews)
    assert not same(weights(first), weights(second))


def test_after_divergence_another_learning_rate_is_free_to_try(tiny_bert, reviews, tmp_path):
    with pytest.raises(ClassifierError, match="diverged"):
        BertClassifier(tiny_bert, run_folder=tmp_path, **FAST | {"lr": 1e30}).fit(*reviews)
    BertClassifier(tiny_bert, run_folder=tmp_path, **FAST | {"epochs": 1}).fit(*reviews)
