"""A real small model, and a tiny one of random weights for what does not depend on sense. Run by `make test-torch`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import torch
import transformers

from assay.engine.torch_backend import model as models
from assay.engine.torch_backend.answers import Desk
from assay.engine.torch_backend.decode import Decoder
from assay.engine.torch_backend.line import Line
from assay.engine.torch_backend.model import Loaded

CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def small(model: Path) -> Loaded:
    """The fallback model, from its GGUF file."""
    return models.load(model, device=CPU)


@pytest.fixture(scope="session")
def folder(small: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of random weights as a folder of safetensors, with the fallback model's tokenizer."""
    torch.manual_seed(7)
    made = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=small.vocabulary,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            bos_token_id=1,
            eos_token_id=2,
            tie_word_embeddings=True,
        )
    ).to(torch.bfloat16)
    where = tmp_path_factory.mktemp("models") / "tiny"
    made.save_pretrained(where)
    small.tokenizer.save_pretrained(where)
    return where


@pytest.fixture(scope="session")
def saved(small: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fallback model as a folder of safetensors, which loads in a tenth of the time."""
    where = tmp_path_factory.mktemp("models") / "small"
    small.model.save_pretrained(where)
    small.tokenizer.save_pretrained(where)
    return where


@pytest.fixture(scope="session")
def tiny(folder: Path) -> Loaded:
    return models.load(folder, device=CPU)


@pytest.fixture
def line(tiny: Loaded) -> Iterator[Line]:
    made = Line(Decoder(tiny))
    yield made
    made.close()


@pytest.fixture
async def desk(tiny: Loaded, line: Line) -> AsyncIterator[Desk]:
    yield Desk(tiny, line)
