"""What a language model answers when it is free to say anything, beside the best answer on the list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import Pretrained
from weaklabel.llm.likelihood import choice_logprobs
from weaklabel.support.progress import stage

SHOWN = 8
"""Answers that are kept to be shown."""

_EXTRA_TOKENS = 4


def free_answers(loaded: Pretrained, prompts: Sequence[Sequence[int]], most: int) -> list[str]:
    """Return what the model says after each prompt, always the most probable token, up to its end of the answer.

    Prompts of the same length run together, so that none is padded.

    Parameters
    ----------
    prompts
        Tokens of each prompt. Length: n.
    most
        Most tokens of an answer.
    """
    import torch

    network, tokenizer, device = loaded
    answers = [""] * len(prompts)
    lengths = np.array([len(prompt) for prompt in prompts])
    with torch.inference_mode(), stage("answering freely", len(prompts), "texts") as shown:
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length)
            ids = torch.tensor([list(prompts[row]) for row in rows.tolist()], device=device)
            said = network.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=most,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=tokenizer.pad_token_id,
            )
            for row, tokens in zip(rows.tolist(), said[:, length:], strict=True):
                answers[row] = tokenizer.decode(tokens, skip_special_tokens=True)
            shown.advance(len(rows))
    return answers


def describe_answers(
    loaded: Pretrained,
    texts: Sequence[str],
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    words: Sequence[str],
    wanted: NDArray[np.int64],
) -> dict[str, Any]:
    """Return how a model answers on rows with labels, free and constrained.

    Parameters
    ----------
    texts, prompts
        Texts, and the tokens of their prompts. Length: n.
    answers, words
        Tokens and words of each class's answer. Length: k.
    wanted
        The most probable class of each row. Shape: [n].

    Returns
    -------
    dict
        ``rows``; ``on_list``, the share of free answers that are one of the words; ``free`` and ``constrained``, the share of
        rows with the wanted answer, of free answers and of the most probable word; ``perplexity`` of the wanted answer; and
        ``samples`` of a text, its free answer, the constrained one, and the wanted one.
    """
    logs = choice_logprobs(loaded, prompts, answers, what="scoring answers")
    best = logs.argmax(axis=1)
    said = [answer.strip() for answer in free_answers(loaded, prompts, max(map(len, answers)) + _EXTRA_TOKENS)]
    tokens = np.array([len(answers[label]) for label in wanted.tolist()])
    loss = -logs[np.arange(len(wanted)), wanted].sum() / tokens.sum()
    return {
        "rows": len(texts),
        "on_list": float(np.mean([answer in words for answer in said])),
        "free": float(np.mean([answer == words[label] for answer, label in zip(said, wanted.tolist(), strict=True)])),
        "constrained": float((best == wanted).mean()),
        "perplexity": math.exp(min(loss, 50.0)),
        "samples": [
            {"text": texts[row], "free": said[row], "constrained": words[best[row]], "label": words[wanted[row]]}
            for row in range(min(SHOWN, len(texts)))
        ],
    }
