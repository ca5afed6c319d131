import pytest

WORDS = ["the", "a", "was", "is", "very", "old", "good", "fine", "nice", "bad", "poor", "awful", "film", "play", "song"]
WORDS += ["book", "spark", "ember"]


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A BERT encoder of two small layers with random weights, and a vocabulary of a few words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny_bert")
    vocab = folder / "words.txt"
    vocab.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]), encoding="utf-8")
    BertTokenizerFast(str(vocab), model_max_length=32).save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(BertConfig(vocab_size=len(WORDS) + 5, max_position_embeddings=32, **sizes)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def reviews():
    """Texts whose class is told by one word, with probabilities of 0.9 for it."""
    good = [f"the {noun} was {word}" for noun in ("film", "play", "song", "book") for word in ("good", "fine", "nice")]
    bad = [f"the {noun} was {word}" for noun in ("film", "play", "song", "book") for word in ("bad", "poor", "awful")]
    return [*good, *bad], [[0.1, 0.9]] * len(good) + [[0.9, 0.1]] * len(bad)
