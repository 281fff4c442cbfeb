"""The passes: what is written is what transformers writes, whatever was kept; and compiled there are four shapes, and nothing that a captured graph cannot have."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from assay.engine.api import EngineUnavailable
from assay.engine.torch_backend import model as models
from assay.engine.torch_backend.decode import PIECE, Decoder
from assay.engine.torch_backend.model import Loaded
from assay.engine.torch_backend.sample import choose, seeded

PROMPTS = [
    "def add(a, b):\n    return",
    "import os\n\nfor name in",
    "class Stack:\n    def push(self, item):\n        ",
]
NEAR = 0.15  # a difference of logits that another order of adding up in bf16 can turn round


def written(decoder: Decoder, ids: list[int], count: int, *, piece: int = PIECE) -> list[int]:
    """The likeliest tokens behind `ids`, the prompt read in pieces."""
    start = decoder.begin(ids)
    for at in range(start, len(ids), piece):
        logits = decoder.read(ids[at : at + piece])
    found = []
    for _ in range(count):
        found.append(int(logits.argmax()))
        logits = decoder.read([found[-1]])
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
    wanted = expected(small, ids, 24)
    found = written(Decoder(small), ids, 24, piece=5)
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


def test_texts_that_take_turns_are_read_once(exact: Loaded) -> None:
    decoder = Decoder(exact)
    texts = [exact.ids(f"{prompt} # {'x = 1 ' * 40}") for prompt in PROMPTS]
    alone = [expected(exact, ids, 6) for ids in texts]
    for turn in range(3):
        for ids, wanted in zip(texts, alone, strict=True):
            kept = decoder.begin(ids)
            assert kept == (len(ids) - 1 if turn else 0)
            assert written(decoder, ids, 6) == wanted


def test_as_many_texts_are_kept_as_memory_was_planned_for(exact: Loaded) -> None:
    decoder = Decoder(exact, copies=1)
    texts = [exact.ids(f"{prompt} # {'x = 1 ' * 40}") for prompt in PROMPTS]
    for ids in texts:
        written(decoder, ids, 1)
    assert decoder.begin(texts[1]) == len(texts[1]) - 1
    assert decoder.begin(texts[0]) == 0, "the oldest is gone"
    nothing = Decoder(exact, copies=0)
    for ids in texts[:2]:
        written(nothing, ids, 1)
    assert nothing.begin(texts[0]) == 0


def test_what_was_written_pushes_no_other_text_out(exact: Loaded) -> None:
    decoder = Decoder(exact, copies=2)
    texts = [exact.ids(f"{prompt} # {'x = 1 ' * 40}") for prompt in PROMPTS]
    for ids in texts[:2]:
        written(decoder, ids, 1)
    for _ in range(4):
        written(decoder, texts[2], 100)
    assert decoder.begin(texts[0]) == len(texts[0]) - 1


def test_the_likeliest_is_always_one_of_them() -> None:
    logits = torch.tensor([0.0, 5.0, -float("inf"), 1.0])
    for top_p in (0.0, 1e-12, 0.3):
        assert {choose(logits, seeded(1.0, top_p, seed))[0] for seed in range(20)} == {1}
    drawn = [choose(logits, seeded(2.0, 1.0, seed))[0] for seed in range(300)]
    assert set(drawn) == {0, 1, 3} and drawn == [choose(logits, seeded(2.0, 1.0, seed))[0] for seed in range(300)]
    chance = float(torch.softmax(logits / 2, 0)[1])
    assert abs(drawn.count(1) / 300 - chance) < 0.1


def test_what_was_kept_is_not_read_again_and_changes_nothing(exact: Loaded) -> None:
    decoder = Decoder(exact)
    first, second = exact.ids("x = 1\n" * 30 + "y ="), exact.ids("x = 1\n" * 30 + "z = (")
    written(decoder, first, 8)
    assert decoder.begin(second) > 100
    assert written(decoder, second, 12) == expected(exact, second, 12)
    assert written(decoder, first, 12) == expected(exact, first, 12)
    written(decoder, second, 1)
    assert decoder.begin(second) == len(second) - 1, "the last is always left to read"


def test_likelihoods_are_those_of_the_whole_text(exact: Loaded) -> None:
    decoder, ids = Decoder(exact), exact.ids("import os\nos.path.")
    texts = [exact.ids("join(a, b)"), exact.ids("x"), [], exact.ids("exists(name)\n" * 60)]
    assert len(texts[-1]) > 2 * PIECE
    decoder.begin(ids)
    after = decoder.read(ids).clone()
    found = [decoder.likelihood(after, text) for text in texts]
    for text, scores in zip(texts, found, strict=True):
        with torch.inference_mode():
            logits = exact.model(input_ids=torch.tensor([ids + text])).logits[0].float()
        chances = torch.log_softmax(logits, dim=-1)
        wanted = [float(chances[len(ids) - 1 + at, token]) for at, token in enumerate(text)]
        assert scores == pytest.approx(wanted, abs=1e-4)
    assert written(decoder, ids, 8) == expected(exact, ids, 8), "nothing of them is left"


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Random weights with a context of 8 192 and seven heads for each that has keys, as Qwen2.5-Coder-7B."""
    import transformers

    torch.manual_seed(7)
    config = transformers.Qwen2Config(
        vocab_size=512, hidden_size=56, intermediate_size=64, num_hidden_layers=2, num_attention_heads=14,
        num_key_value_heads=2, max_position_embeddings=8192,
    )  # fmt: skip
    model = transformers.Qwen2ForCausalLM(config).eval().requires_grad_(requires_grad=False)
    return Loaded(model, None, "long", torch.device("cpu"), torch.float32, 8192, frozenset(), "fp32")


class Graphs:
    """A backend that keeps what it is given to compile, with each graph's inputs, and runs it as it is."""

    def __init__(self) -> None:
        self.found: list[tuple[torch.fx.GraphModule, list[torch.Tensor]]] = []

    def __call__(self, graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
        self.found.append((graph, inputs))
        return graph.forward


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's own, when its compiler is loaded
def test_compiled_there_are_four_shapes_and_nothing_is_copied_or_moved(
    long: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch._dynamo.reset()
    graphs, compiler = Graphs(), torch.compile
    monkeypatch.setattr(torch, "compile", lambda it, *, mode, **more: compiler(it, backend=graphs, **more))
    decoder, plain = Decoder(long, compiled=True), Decoder(long, compiled=False)
    decoder.warm()
    assert len(graphs.found) == 4
    chance = random.Random(3)
    lengths = [1, 2, PIECE, PIECE + 1, 4000, *(chance.randint(1, 4000) for _ in range(35))]
    for number, length in enumerate(lengths):
        ids = [chance.randrange(512) for _ in range(length)]
        found = written(decoder, ids, 4)
        if number < 5 or length < 200:
            assert found == written(plain, ids, 4)
    assert len(graphs.found) == 4, "no request waits for a compiler"
    for graph, inputs in graphs.found:
        places = [node for node in graph.graph.nodes if node.op == "placeholder"]
        given = dict(zip(places, inputs, strict=True))
        changed = {
            node.args[0] for node in graph.graph.nodes if node.target in ("index_copy_", torch.Tensor.index_copy_)
        }
        assert len(changed) == 2 * long.model.config.num_hidden_layers
        for node in changed:
            assert getattr(given[node], "_dynamo_static_input_type", None), "an input that moves is not captured"
        asked = [node for node in graph.graph.nodes if "scaled_dot_product" in str(node.target)]
        assert len(asked) == 2
        for node in asked:
            shape = node.args[1].meta["example_value"].shape
            assert shape[1] == 2, "heads that share keys have them once"


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
