"""BERT checkpoints of a few thousand random weights, written to disk as transformers writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_LINE = "free prize win call now meet me later at home tonight urgent cash love you soon this is spam ham text a"
WORDS = _LINE.split()
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def save_classifier(folder: Path, labels: Sequence[str], seed: int = 0, **config: Any) -> Path:
    """Save a text classifier with the given labels; each of them wins somewhere."""
    import torch
    from transformers import BertForSequenceClassification

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model = BertForSequenceClassification(_config(id2label=dict(enumerate(labels)), **config)).eval()
        # A random head follows what all texts have in common; without that, the logits spread around 0.
        logits = model(torch.randint(len(SPECIAL), model.config.vocab_size, (200, 8))).logits
        model.classifier.weight *= 3 / logits.std(dim=0)[:, None]
        model.classifier.bias -= 3 * logits.mean(dim=0) / logits.std(dim=0)
    return _save(model, folder)


def save_encoder(folder: Path, seed: int = 0, pooler: bool = True) -> Path:
    """Save an encoder without a head."""
    import torch
    from transformers import BertModel

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return _save(BertModel(_config(), add_pooling_layer=pooler), folder)


def _config(**changes: Any) -> Any:
    from transformers import BertConfig

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    ids = {"vocab_size": len(SPECIAL) + len(WORDS), "max_position_embeddings": 32}
    # Wider than BERT's usual 0.02: at that, a model this small tells hardly any two texts apart.
    return BertConfig(**{**sizes, **ids, "initializer_range": 0.5, **changes})


def _save(model: Any, folder: Path) -> Path:
    from transformers import BertTokenizerFast

    from weaklabel.encoder.inference import quiet_transformers

    folder.mkdir(parents=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join([*SPECIAL, *WORDS]) + "\n", encoding="utf-8")
    with quiet_transformers():
        model.save_pretrained(folder)
        BertTokenizerFast(vocab=str(vocabulary)).save_pretrained(folder)
    return folder


def save_tagger(folder: Path, tags: Sequence[str], seed: int = 0) -> Path:
    """Save a classifier of tokens with the given tags; each of them wins somewhere."""
    import torch
    from transformers import BertForTokenClassification

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model = BertForTokenClassification(_config(id2label=dict(enumerate(tags)))).eval()
        logits = model(torch.randint(len(SPECIAL), model.config.vocab_size, (200, 8))).logits.reshape(-1, len(tags))
        model.classifier.weight *= 3 / logits.std(dim=0)[:, None]
        model.classifier.bias -= 3 * logits.mean(dim=0) / logits.std(dim=0)
    return _save(model, folder)
