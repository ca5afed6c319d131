"""Causal checkpoints of a few thousand random weights, with a byte-pair tokenizer and a chat template, written to disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_TEXTS = [
    "free prize win call now", "meet me later at home tonight", "urgent cash love you soon", "this is spam",
    "ham text a", "Classify the text. Answer with one of: ham, spam.", "win cash now free", "see you at lunch",
]  # fmt: skip

TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def save_llama(folder: Path, seed: int = 0, template: str | None = TEMPLATE, **config: Any) -> Path:
    """Save a causal language model with its tokenizer, which was trained on a few sentences."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from weaklabel.encoder.inference import quiet_transformers

    tokenizer = _tokenizer(template)
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "tie_word_embeddings": True,
        "initializer_range": 0.2,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(LlamaConfig(**{**sizes, **config}))
    folder.mkdir(parents=True)
    with quiet_transformers():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(template: str | None) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    special = ["<|pad|>", "<|start|>", "<|end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokens.train_from_iterator(_TEXTS, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokens, bos_token="<|start|>", eos_token="<|end|>", pad_token="<|pad|>", model_max_length=256
    )
    if template is not None:
        wrapped.chat_template = template
    return wrapped
