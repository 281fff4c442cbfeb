"""The passes: what is written is what transformers writes, whoever shares the pass and whatever was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from assay.engine.api import EngineUnavailable
from assay.engine.torch_backend import model as models
from assay.engine.torch_backend.decode import Decoder
from assay.engine.torch_backend.model import Loaded

PROMPTS = [
    "def add(a, b):\n    return",
    "import os\n\nfor name in",
    "class Stack:\n    def push(self, item):\n        ",
]
NEAR = 0.15  # a difference of logits that another order of adding up in bf16 can turn round


def written(decoder: Decoder, row: int, ids: list[int], count: int, *, piece: int = 1000) -> list[int]:
    """The likeliest tokens behind `ids`, the prompt read in pieces."""
    start = decoder.take(row, ids)
    for at in range(start, len(ids), piece):
        logits = decoder.read(row, ids[at : at + piece])
    found = []
    for _ in range(count):
        found.append(int(logits.argmax()))
        logits = decoder.step({row: found[-1]})[row]
    return found


def expected(loaded: Loaded, ids: list[int], count: int) -> list[int]:
    with torch.inference_mode():
        whole = loaded.model.generate(torch.tensor([ids]), max_new_tokens=count, min_new_tokens=count, do_sample=False)
    return whole[0, len(ids) :].tolist()


def is_near_tie(loaded: Loaded, ids: list[int], one: int, other: int) -> bool:
    with torch.inference_mode():
        logits = loaded.model(input_ids=torch.tensor([ids])).logits[0, -1].float()
    return abs(float(logits[one] - logits[other])) < NEAR


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_text_is_that_of_transformers(small: Loaded, prompt: str) -> None:
    ids = small.ids(prompt)
    found, wanted = written(Decoder(small, 2), 1, ids, 24, piece=5), expected(small, ids, 24)
    for at, (one, other) in enumerate(zip(found, wanted, strict=True)):
        if one != other:
            assert is_near_tie(small, ids + wanted[:at], one, other)
            break


@pytest.fixture(scope="session")
def exact(tiny: Loaded, folder: Path) -> Loaded:
    """In float32, where nothing is a near tie."""
    return replace(
        models.load(folder, device=tiny.device), model=tiny.model.__class__.from_pretrained(folder, dtype=torch.float32)
    )


def test_rows_do_not_see_each_other(exact: Loaded) -> None:
    decoder = Decoder(exact, 4)
    ids = {row: exact.ids(prompt) for row, prompt in zip((0, 1, 3), PROMPTS, strict=True)}
    alone = {row: expected(exact, ids[row], 12) for row in ids}
    logits = {}
    for row, prompt in ids.items():
        decoder.take(row, prompt)
        logits[row] = decoder.read(row, prompt)
    found: dict[int, list[int]] = {row: [] for row in ids}
    for turn in range(12):
        for row, one in logits.items():
            found[row].append(int(one.argmax()))
        now = [row for row in ids if turn % 3 or row != 1]  # one leaves a pass out now and then
        logits = decoder.step({row: found[row][-1] for row in now}) | (
            {1: decoder.step({1: found[1][-1]})[1]} if 1 not in now else {}
        )
    assert found == alone


def test_what_was_kept_is_not_read_again_and_changes_nothing(exact: Loaded) -> None:
    decoder = Decoder(exact, 2)
    first, second = exact.ids("x = 1\n" * 30 + "y ="), exact.ids("x = 1\n" * 30 + "z = (")
    written(decoder, 0, first, 8)
    assert decoder.shared(0, second) > 100
    assert written(decoder, 0, second, 12) == expected(exact, second, 12)
    assert written(decoder, 1, first, 12) == expected(exact, first, 12), "copied from the other row"
    assert decoder.shared(0, second) == len(second) - 1, "the last is always left to read"


def test_likelihoods_are_those_of_the_whole_text(exact: Loaded) -> None:
    decoder, ids = Decoder(exact, 1), exact.ids("import os\nos.path.")
    texts = [exact.ids("join(a, b)"), exact.ids("x"), [], exact.ids("exists(name)\n")]
    decoder.take(0, ids)
    found = decoder.likelihoods(0, decoder.read(0, ids), texts)
    for text, scores in zip(texts, found, strict=True):
        with torch.inference_mode():
            logits = exact.model(input_ids=torch.tensor([ids + text])).logits[0].float()
        chances = torch.log_softmax(logits, dim=-1)
        wanted = [float(chances[len(ids) - 1 + at, token]) for at, token in enumerate(text)]
        assert scores == pytest.approx(wanted, abs=1e-4)
    assert decoder.kept[0] == ids


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's own, when its compiler is loaded
def test_the_compiled_pass_is_one_graph_and_has_few_shapes(exact: Loaded) -> None:
    torch._dynamo.reset()
    decoder, plain = Decoder(exact, 6, compiled=True), Decoder(exact, 6)
    seen: list[tuple[int, int, int]] = []
    compiled = torch.compile(exact.model.forward, backend="eager", fullgraph=True)

    def watched(**given):
        view = decoder.slots.view
        seen.append((view.low, view.high, view.length))
        return compiled(**given)

    decoder._step = watched
    ids = {row: exact.ids(prompt) for row, prompt in zip((1, 2, 5), PROMPTS, strict=True)}
    for one in (decoder, plain):
        for row, prompt in ids.items():
            one.take(row, prompt)
            one.read(row, prompt)
    for rows in ((1,), (1, 2), (5,), (2, 5), (1, 2, 5)):
        tokens = dict.fromkeys(rows, 7)
        found, wanted = decoder.step(tokens), plain.step(tokens)
        for row in rows:
            assert torch.allclose(found[row], wanted[row], atol=1e-4)
    assert seen == [(1, 2, 512), (0, 4, 512), (5, 6, 512), (0, 6, 512), (0, 6, 512)]


def test_layers_that_see_a_part_are_refused(exact: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact.model.config, "sliding_window", 128, raising=False)
    with pytest.raises(EngineUnavailable, match="look at a part"):
        models._check(Path("m"), exact.model)


def test_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "nonesuch"}')
    with pytest.raises(EngineUnavailable, match="cannot be loaded by transformers") as seen:
        models.load(tmp_path, device=torch.device("cpu"))
    assert "\n" not in str(seen.value)


def test_code_that_comes_with_a_model_is_not_run(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "evil"
    copy.mkdir()
    for one in folder.iterdir():
        (copy / one.name).write_bytes(one.read_bytes())
    (copy / "config.json").write_text(
        (copy / "config.json")
        .read_text()
        .replace(
            '"model_type": "llama"',
            '"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}',
        )
    )
    (copy / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(EngineUnavailable):
        models.load(copy, device=torch.device("cpu"))
    assert not (tmp_path / "ran").exists()
