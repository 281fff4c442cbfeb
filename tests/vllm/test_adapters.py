"""Adapters beside the model: the numbers are right, they come while it runs, and a broken one harms nobody."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from assay.engine import processes
from assay.engine.api import EngineError, EngineHealth, Reading, Request
from assay.engine.launch import Beside, Launch
from assay.engine.local import Local
from assay.engine.vllm_backend import adapters, mind, place
from tests.vllm.conftest import end, up
from tests.vllm.test_answers import PREFIX, TEXTS

if TYPE_CHECKING:
    import torch

SCALE, RANK = 16, 8


def written(folder: Path, parts: Mapping[str, torch.Tensor], rank: int = RANK) -> None:
    """An adapter as PEFT writes it. The numbers are there before it counts as one."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file(dict(parts), folder / adapters.WEIGHTS)
    config = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": SCALE,
        "target_modules": ["q_proj", "v_proj"],
        "bias": "none",
    }
    (folder / adapters.CONFIG).write_text(json.dumps(config))


def drawn(model: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Numbers for some layers, small enough to leave a model that writes."""
    import torch

    chance, parts = torch.Generator().manual_seed(seed), dict[str, torch.Tensor]()
    for name, part in model.named_modules():
        if name.endswith(("q_proj", "v_proj")):
            out, into = part.weight.shape
            parts[f"base_model.model.{name}.lora_A.weight"] = torch.randn(RANK, into, generator=chance) / into**0.5
            parts[f"base_model.model.{name}.lora_B.weight"] = torch.randn(out, RANK, generator=chance) * 0.05
    return parts


def merged(model: torch.nn.Module, parts: Mapping[str, torch.Tensor]) -> None:
    """Add an adapter to the model's own weights."""
    for name, part in model.named_modules():
        if (down := parts.get(f"base_model.model.{name}.lora_A.weight")) is not None:
            part.weight.data += (
                SCALE / RANK * (parts[f"base_model.model.{name}.lora_B.weight"] @ down).to(part.weight.dtype)
            )


def scored(model: torch.nn.Module, tokenizer: object, text: str) -> float:
    """Its log-probability behind the prefix, by transformers."""
    import torch

    start = len(tokenizer(PREFIX)["input_ids"])  # type: ignore[operator]
    ids = torch.tensor([tokenizer(PREFIX + text)["input_ids"]])  # type: ignore[operator]
    with torch.inference_mode():
        told = model(ids).logits[0].float().log_softmax(-1)
    return float(sum(told[at - 1, ids[0, at]] for at in range(start, ids.shape[1])))


@pytest.fixture
def apart(model: Path, found: place.Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launch]:
    """Of a process of this test alone, with a folder of adapters."""
    monkeypatch.delenv("ASSAY_HOME")
    with tempfile.TemporaryDirectory(prefix="av", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "adapters").mkdir()
        vllm = Beside(str(found.python), found.version, str(Path(folder) / "adapters"))
        made = processes.launch_for(model, Path(folder, "r"), 0, "vllm", "auto", vllm)
        yield made
        end(made)


async def first(engine: Local, prompt: str) -> Reading:
    """What was read of a prompt."""
    async with aclosing(engine.generate(Request(prompt, max_tokens=1))) as chunks:
        return next(filter(None, [chunk.reading async for chunk in chunks]))


async def healthy(engine: Local) -> EngineHealth:
    """As it is once its adapters are loaded."""
    async with asyncio.timeout(60):
        while (told := await engine.health()).state == "starting":
            await asyncio.sleep(0.2)
        return told


async def test_adapters(apart: Launch, cache: Path, found: place.Place) -> None:
    pytest.importorskip("torch", reason="torch is not here: `make test-torch` makes its environment")
    import torch
    import transformers

    folder = await asyncio.to_thread(mind.widened, apart.model, found, cache, apart)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    where, parts = Path(apart.beside.adapters), drawn(model, 1)
    written(where / "house", parts)
    plain, housed = Local(apart), Local(apart, "house")
    await up(plain)
    assert (await healthy(Local(apart, "none"))).why.startswith("Engine off: there is no adapter none;")
    health = await healthy(housed)
    assert health.state == "ready" and health.model.endswith("with house"), health
    without = await plain.score(PREFIX, TEXTS)
    merged(model, parts)
    count = sum([await plain.count(PREFIX + one) - await plain.count(PREFIX) for one in TEXTS])
    ours = await housed.score(PREFIX, TEXTS)
    theirs = [scored(model, tokenizer, one) for one in TEXTS]
    off = sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / count
    moved = sum(abs(a - b) for a, b in zip(ours, without, strict=True)) / count
    print(f"nats a token from the merged model: {off:.4f}; from the model without it: {moved:.4f}")
    assert off < 0.05 and moved > 3 * off

    prompt = "def total(rows):\n    return sum(row.price for row in rows)\n\n\n" * 20
    assert (await first(plain, prompt)).kept == 0
    assert (await first(housed, prompt)).kept == 0, "keys and values of another model are not these"
    assert (await first(housed, prompt)).kept > 0

    written(where / "torn", {name: part[:, :7].contiguous() for name, part in parts.items()})
    written(where / "wide", drawn(model, 2), rank=64)
    written(where / "late", drawn(model, 3))
    async with asyncio.timeout(60):
        while "The adapter wide is left out: " not in (said := (apart.folder / "engine.log").read_text()):
            await asyncio.sleep(0.2)
    assert re.search("The adapter torn is left out: .* is of another size in this model", said)
    assert "The adapter wide is left out: its rank is 64, and there is room for 16" in said
    assert (await Local(apart, "late").health()).state == "ready"
    with pytest.raises(EngineError, match="torn"):
        await first(Local(apart, "torn"), prompt)
    again = await asyncio.gather(plain.score(PREFIX, TEXTS), housed.score(PREFIX, TEXTS))
    assert again[0] == pytest.approx(without, abs=0.5) and again[1] == pytest.approx(ours, abs=0.5)
    async with httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(apart.socket)), base_url="http://e"
    ) as http:
        told = (await http.get("/v1/models")).json()["data"]
    assert {one["id"] for one in told} >= {"house", "late", await plain.model()}
    for one in (plain, housed):
        await one.close()
