"""Causal language models of a few thousand random weights, with a byte-level tokenizer, as transformers writes them."""

from __future__ import annotations

from pathlib import Path

START, END, TEXT_END = "<|im_start|>", "<|im_end|>", "<|endoftext|>"

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def save_causal(folder: Path, *, seed: int = 0, chat: bool = True, max_length: int = 2048) -> Path:
    """Save a Llama of two layers; its tokens are bytes and three control tokens in the form of ChatML.

    Parameters
    ----------
    folder
        A new folder.
    seed
        Of the weights.
    chat
        Whether the tokenizer has a chat template.
    max_length
        Most tokens that the model reads.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from weaklabel.encoder.inference import quiet_transformers

    tokenizer = byte_tokenizer(chat)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=max_length,
        # Wider than the usual 0.02: at that, a model this small gives nearly the same probability to everything.
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(), quiet_transformers():
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def byte_tokenizer(chat: bool = True):
    """Make a tokenizer whose tokens are the 256 bytes and the control tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([TEXT_END, START, END, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=START, eos_token=END, pad_token=END, unk_token=TEXT_END
    )
    fast.chat_template = CHAT_TEMPLATE if chat else None
    return fast
