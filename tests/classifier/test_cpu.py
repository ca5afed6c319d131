import pytest
import torch

from weaklabel.classifier.forward import ByteDropout, faster_on_cpu
from weaklabel.encoder.encoder import default_model
from weaklabel.encoder.inference import load_pretrained


@pytest.mark.parametrize("p", [0.1, 0.5])
@pytest.mark.parametrize("shape", [(7,), (1000, 301)])
def test_as_much_is_dropped_as_torch_drops(p, shape):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        out = ByteDropout(p)(torch.ones(shape))
    kept = out[out != 0]
    if out.numel() > 100:
        assert abs((out == 0).float().mean().item() - p) < 0.003
        assert abs(out.mean().item() - 1) < 0.003
        # Neighbours come from one draw; they must be dropped independently all the same.
        pairs = (out[:, :-1] == 0) & (out[:, 1:] == 0)
        assert abs(pairs.float().mean().item() - p * p) < 0.003
    assert torch.allclose(kept, torch.tensor(256 / (256 - round(256 * p))))


def test_nothing_is_dropped_in_prediction_and_gradients_follow_the_mask():
    dropout = ByteDropout(0.5)
    x = torch.ones(64, requires_grad=True)
    assert torch.equal(dropout.eval()(x), x)
    out = dropout.train()(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())


def test_the_model_is_as_it_was_afterwards():
    model = load_pretrained("AutoModel", default_model(), "cpu").network
    before = repr(model), model.config._attn_implementation
    with pytest.raises(RuntimeError), faster_on_cpu(model, torch.device("cpu")):
        assert "ByteDropout" in repr(model)
        assert model.config._attn_implementation == "eager"
        raise RuntimeError
    assert (repr(model), model.config._attn_implementation) == before
