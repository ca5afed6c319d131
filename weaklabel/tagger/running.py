"""Running a trained BERT tagger: no text's scores depend on the other texts or on the number of threads.

This file imports torch, so only code that needs torch anyway imports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weaklabel.classifier.transformer import token_limit
from weaklabel.encoder.inference import (
    BATCH_TOKENS,
    GPU_BATCH_TOKENS,
    load_pretrained,
    padded_lengths,
    run_each,
)
from weaklabel.encoder.windows import token_windows
from weaklabel.encoder.words import word_shapes
from weaklabel.errors import ClassifierError
from weaklabel.support.progress import stage
from weaklabel.tagger.network import TagNetwork, n_shapes
from weaklabel.units import Units


def scores_of_words(
    network: TagNetwork, tokenizer: Any, texts: list[str], words: Units, max_length: int, device: torch.device
) -> NDArray[np.float64]:
    """Return the log-probability of each tag of each word. Shape: [n_words, n_tags].

    Batches are made as in `weaklabel.encoder.inference.run_tokens`.
    """
    network = network.to(device).eval()
    limit = token_limit(network.base_model, tokenizer, max_length)
    windows = token_windows(tokenizer, texts, words, limit)
    order, starts = windows.words_of_windows()
    shapes = torch.from_numpy(word_shapes(texts, words))
    scores = np.zeros((len(words), network.head.out_features))
    padded = padded_lengths(np.array([len(ids) for ids in windows.ids], dtype=np.int64), limit)
    budget = BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS
    batches = []
    for length in np.unique(padded)[::-1].tolist():
        group = np.flatnonzero(padded == length)
        size = max(1, budget // length)
        batches += [(length, size, group[begin : begin + size]) for begin in range(0, len(group), size)]

    def run(batch: tuple[int, int, NDArray[np.int64]]) -> None:
        length, size, some = batch
        ids = [windows.ids[window] for window in np.resize(some, size)]
        inputs = tokenizer.pad({"input_ids": ids}, padding="max_length", max_length=length, return_tensors="pt").to(
            device
        )
        states = network.base_model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        ).last_hidden_state
        for place, window in enumerate(some.tolist()):
            mine = order[starts[window] : starts[window + 1]]
            if len(mine):
                with torch.autocast(device.type, enabled=False):
                    logits = network.of_states(
                        states[place][torch.from_numpy(windows.first[mine])], shapes[mine].to(device)
                    )
                scores[mine] = torch.log_softmax(logits.double().cpu(), dim=1).numpy()
        progress.advance(len(some))

    with stage("predicting", len(windows.ids), "windows") as progress:
        run_each(batches, run, device)
    return scores


def load_network(folder: Path, head_file: str, n_tags: int) -> tuple[TagNetwork, Any]:
    """Load what a `TokenClassifier` saved.

    Raises
    ------
    ClassifierError
        The head does not fit the encoder and the labels, or weights are not finite.
    """
    from safetensors.torch import load_file

    encoder, tokenizer, _ = load_pretrained("AutoModel", folder, "cpu")
    with torch.random.fork_rng(devices=[]):
        network = TagNetwork(encoder, n_shapes(), n_tags)
    head = load_file(folder / head_file)
    expected = {name: tuple(value.shape) for name, value in network.head.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in head.items()}
    if given != expected:
        raise ClassifierError(f"{head_file} has weights {given}, but encoder and labels need {expected}")
    network.head.load_state_dict(head)
    broken = next((name for name, weights in network.named_parameters() if not bool(weights.isfinite().all())), None)
    if broken is not None:
        raise ClassifierError(f"the model has weights that are not finite ({broken})")
    return network.eval(), tokenizer
