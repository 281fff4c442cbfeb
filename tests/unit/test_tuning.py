"""Runs, the gate and choices of adapters, as far as they need no torch."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import safetensors.numpy
from typer.testing import CliRunner

from assay import compose
from assay.chosen import Choice, Chosen
from assay.cli.commands import app
from assay.engine import adapters, dialects, local, processes, weights
from assay.engine.api import EngineUnavailable, Request
from assay.engine.launch import Beside
from assay.engine.scripted import Answer, Scripted
from assay.folders import folders
from assay.team.gate.nodes import Nodes
from assay.team.gate.upstream import Here, Who
from assay.tune import way
from assay.tune.gate import author, figures, gate
from assay.tune.gate.author import Place, Way
from assay.tune.gate.figures import Pairs, figure
from assay.tune.made import exported, gguf_files
from assay.tune.material.prepare import Material
from assay.tune.material.samples import Row
from assay.tune.material.sources import Text
from assay.tune.training import plan as plans
from assay.tune.training import yielding
from assay.tune.training.packed import GIVEN, IGNORED, Packed, Reader, Tokens, answers, packed
from assay.tune.training.plan import Plan, Progress, RunError

PLAN = Plan("/m", "/d", "data", "model", "taught")


def test_the_rate_goes_up_stays_and_comes_down() -> None:
    plan = replace(PLAN, steps=100)
    rates = [plans.rate_at(plan, step) for step in range(100)]
    assert rates[0] < rates[9] == plan.rate == rates[79] > rates[90] > rates[99] > 0
    cosine = [plans.rate_at(replace(plan, schedule="cosine"), step) for step in range(100)]
    assert cosine[10] == pytest.approx(plan.rate) and cosine[50] > cosine[90] > 0.09 * plan.rate


def test_what_gets_no_better_at_a_stable_rate_comes_down_sooner() -> None:
    plan = replace(PLAN, steps=100)
    sooner = plans.shortened(plan, 40)
    assert sooner is not None and (sooner.steps, sooner.planned) == (50, 100)
    assert plans.rate_at(sooner, 39) == plan.rate > plans.rate_at(sooner, 42) > plans.rate_at(sooner, 49) > 0
    assert plans.shortened(sooner, 44) is None and plans.shortened(plan, 85) is None
    assert plans.shortened(replace(plan, schedule="cosine"), 40) is None


def test_a_run_that_came_down_sooner_is_gone_on_with_by_the_same_command(tmp_path: Path) -> None:
    plan = replace(PLAN, steps=100)
    sooner = plans.shortened(plan, 40)
    assert sooner is not None
    plans.write(tmp_path / "r", sooner, Progress(done=40))
    way.begin(tmp_path / "r", plan)
    assert plans.read(tmp_path / "r")[0] == sooner
    with pytest.raises(RunError, match="another steps"):
        way.begin(tmp_path / "r", replace(plan, steps=90))


def test_a_run_is_kept_and_one_that_was_begun_otherwise_is_not_gone_on_with(tmp_path: Path) -> None:
    way.begin(tmp_path / "r", PLAN)
    plans.write(tmp_path / "r", replace(PLAN, steps=50), Progress(done=7))
    way.begin(tmp_path / "r", PLAN)
    assert plans.read(tmp_path / "r") == (replace(PLAN, steps=50), Progress(done=7))
    for name, value, why in (
        ("rank", 8, r"begun with another rank \(32\)"),
        ("steps", 70, r"begun with another steps \(50\)"),
        ("data_mark", "new", "made anew since"),
    ):
        with pytest.raises(RunError, match=why):
            way.begin(tmp_path / "r", replace(PLAN, **{name: value}))
    with pytest.raises(RunError, match="is no run"):
        plans.read(tmp_path / "none")


def test_a_run_is_at_work_once(tmp_path: Path) -> None:
    with way.alone(tmp_path), pytest.raises(RunError, match="is at work already"), way.alone(tmp_path):
        pass
    with way.alone(tmp_path):
        pass


def test_samples_of_one_row_learn_their_answers_and_a_part_of_what_is_given() -> None:
    row = packed([Tokens((1, 2, 3, 4, 5, 6), 4, "line"), Tokens((7, 8, 9), 1, "line")])
    assert row.ids == (1, 2, 3, 4, 5, 6, 7, 8, 9) and row.lengths == (6, 3)
    assert row.wanted == (IGNORED, IGNORED, 4, 5, 6, IGNORED, 8, 9, IGNORED)
    assert row.weights == (0, 0, GIVEN, 1, 1, 0, 1, 1, 0) and row.learned == 4 + GIVEN
    assert answers(row).wanted == (IGNORED, IGNORED, IGNORED, 5, 6, IGNORED, 8, 9, IGNORED)


def test_what_is_read_depends_on_the_position_alone() -> None:
    """A run that goes on from a position reads what it would have read."""
    text = "".join(f"name_{number} = call_{number}(number, {number})\n" for number in range(80))
    lines = [0, *(at + 1 for at, one in enumerate(text) if one == "\n")]
    rows = tuple(Row(0, "line", lines[at], lines[at + 1] - 1, text[lines[at] : lines[at + 1] - 1]) for at in range(60))
    material = Material(Path("/d"), {0: Text("p", "p.py", text, "MIT")}, rows, (), {"mark": "x"})
    reader = Reader(material, dialects.by_name("taught"), lambda given: [ord(one) for one in given], 0, 800)
    first, position = reader.rows(0, 5, seed=1)
    again, end = reader.rows(position, 5, seed=1)
    whole, same = reader.rows(0, 10, seed=1)
    assert (first + again, end) == (whole, same)
    assert all(isinstance(one, Packed) and len(one.ids) <= 800 for one in whole)
    _, far = reader.rows(0, 60, seed=1)
    assert far > len(rows), "more than all of them, in a new order"


def row(
    name: str, unit: str, better: figures.Better, before: list[float], after: list[float], *more: Any
) -> figures.Figure:
    return figure(name, unit, better, Pairs(before, after, *more))


def test_a_figure_tells_chance_from_gain() -> None:
    better = row("x", "%", "more", [0.0] * 40, [1.0] * 30 + [0.0] * 10)
    same = row("x", "%", "more", [0.0, 1.0] * 20, [1.0, 0.0] * 20)
    worse = row("bits per token", "bits", "less", [10.0, 30.0] * 20, [20.0, 50.0] * 20, [10.0, 20.0] * 20)
    assert better.is_gain and not better.is_loss
    assert not same.is_gain and not same.is_loss
    assert worse.is_loss and worse.before == pytest.approx(40 / 30) and worse.after == pytest.approx(70 / 30)
    assert figures.of_json(figures.as_json([better, worse])) == [better, worse]


def test_places_of_one_text_say_one_thing() -> None:
    """Of eight texts, in one of which all changed: drawn place by place that is a gain, drawn text by text it may be chance."""
    before, after = [0.0] * 80, [1.0] * 10 + [0.0] * 70
    groups = [str(at // 10) for at in range(80)]
    assert row("x", "%", "more", before, after).is_gain
    assert not row("x", "%", "more", before, after, [], groups).is_gain


def test_few_files_and_few_places_say_little() -> None:
    """Where nothing is better, files that differ among themselves are taken for a gain about as seldom as is said, also when there are few of them."""
    chance, gains, sizes = random.Random(1), 0, [10, 2, 2, 2, 2, 2]
    groups = [str(file) for file, size in enumerate(sizes) for _ in range(size)]
    for _ in range(60):
        means = [chance.gauss(0, 0.3) for _ in sizes]
        after = [chance.gauss(means[int(group)], 0.6) for group in groups]
        gains += row("x", "", "more", [0.0] * len(groups), after, [], groups).is_gain
    assert gains <= 4, "2.5 % are meant"
    one_file = row("x", "%", "more", [0.0] * 40, [1.0] * 40, [], ["a"] * 40)
    assert not one_file.is_gain and one_file.after == 1.0
    two_places = row("x", "%", "more", [1.0, 1.0], [0.0, 0.0], [], ["a", "b"])
    assert not two_places.is_loss


def test_the_gate_lets_through_what_is_better_and_worse_at_nothing() -> None:
    bits = row(figures.DECIDES, "bits", "less", [30.0, 20.0] * 20, [20.0, 15.0] * 20, [10.0] * 40)
    chance = row(figures.DECIDES, "bits", "less", [30.0, 20.0] * 20, [20.0, 30.0] * 20, [10.0] * 40)
    loss = row("keystrokes saved", "%", "more", [5.0] * 40, [2.0] * 40, [20.0] * 40)
    none = row("lines that pass tests", "not measured: no tests reach these places", "more", [], [])
    assert figures.verdict([bits, none])[0]
    is_better, why = figures.verdict([chance, none])
    assert not is_better and why.startswith(
        "Not better: bits per token went from 2.500 to 2.500, which may be chance ("
    )
    assert figures.verdict([bits, loss]) == (False, "Not better: keystrokes saved got worse, beyond chance.")
    assert "| lines that pass tests | 0 | | | not measured: no tests reach these places |" in figures.table(
        [bits, none]
    )


def test_what_stands_right_of_the_cursor_is_left_out_once() -> None:
    assert author._without_rest("sum(found) * (1 + rate), 2)", ")\n") == "sum(found) * (1 + rate), 2"
    assert author._without_rest("sum(found)", "") == "sum(found)"


async def test_an_author_takes_what_is_all_that_he_would_type() -> None:
    place = Place("x = 1\ny = ", "\n", "make(first, second)", ())
    right, late, wrong = (
        Way(Scripted((Answer("", (text,)),)), dialects.LEFT_TO_RIGHT)
        for text in (" make(first, second)", " first, second)", "nothing")
    )
    assert await author.keys(right, place, "make(first, second)") == 1
    assert await author.keys(wrong, place, "nothing") == len(place.answer)
    assert await author.written(late, place.typed(5)) in ("first, second)", " first, second)")


def test_choices_are_for_a_project_or_for_all_and_are_taken_back(tmp_path: Path) -> None:
    chosen, shop = Chosen(tmp_path / "a" / "chosen.json"), tmp_path / "shop"
    assert chosen.of(shop) == "" and not chosen.history(shop) and chosen.back(None) is None
    chosen.choose(None, Choice("house", "2026-11-30"))
    chosen.choose(shop, Choice("shop", "2026-11-30"))
    chosen.choose(shop, Choice("shop2", "2026-12-01", forced=True))
    assert (chosen.of(None), chosen.of(shop), chosen.of(tmp_path)) == ("house", "shop2", "house")
    assert chosen.back(shop) == "shop" and chosen.back(shop) == "house" and chosen.back(shop) is None
    (tmp_path / "a" / "chosen.json").write_text("{broken")
    assert chosen.of(shop) == ""


def drawn(model: Path, folder: Path, seed: int, size: float = 0.4) -> adapters.Adapter:
    """An adapter of random numbers for the fallback model, as a run leaves it."""
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    tensors = {}
    for layer in range(30):
        for part, (low, wide) in {"q_proj": (576, 576), "k_proj": (576, 192)}.items():
            name = f"base_model.model.model.layers.{layer}.self_attn.{part}"
            tensors[f"{name}.lora_A.weight"] = chance.normal(0, 0.05, (4, low)).astype(np.float32)
            tensors[f"{name}.lora_B.weight"] = chance.normal(0, size, (wide, 4)).astype(np.float32)
    safetensors.numpy.save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 8}))
    parts, alpha = exported.read(folder)
    gguf_files.write_adapter(model, parts, alpha, folder / adapters.GGUF)
    told = {
        "base": {"digest": weights.digest(model), "name": weights.name_of(model), "bytes": model.stat().st_size},
        "dialect": "taught",
    }
    (folder / adapters.MANIFEST).write_text(json.dumps(told))
    return adapters.read(folder)


@pytest.fixture(scope="module")
def two(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two adapters of the fallback model."""
    folder = tmp_path_factory.mktemp("adapters")
    for seed, name in enumerate(("first", "second")):
        drawn(model, folder / name, seed)
    return folder


async def test_one_engine_serves_several_adapters_each_by_the_request(model: Path, two: Path, home: Path) -> None:
    """One process, the base in memory once, nothing read anew: each gets its own, at once and in turn, and who names none gets the base."""
    launch = processes.launch_for(model, home / "r", 60, beside=Beside(adapters=str(two)))
    plain, first, second = local.Local(launch), local.Local(launch, "first"), local.Local(launch, "second")
    try:

        async def text(engine: local.Local) -> str:
            return "".join(
                [
                    chunk.text
                    async for chunk in engine.generate(Request("def area(width, height):\n    return", max_tokens=2))
                ]
            )

        alone = [await text(one) for one in (plain, first, second)]
        assert len(set(alone)) == 3
        pid, held = (launch.folder / "engine.lock").read_text(), (await plain.health()).memory
        engines, chance = (plain, first, second), random.Random(1)
        for _ in range(40):  # the same prompt for all, so that whatever is kept of one is there for another
            chosen = chance.choices(range(3), k=3)
            assert await asyncio.gather(*(text(engines[at]) for at in chosen)) == [alone[at] for at in chosen]
        scores = [(await one.score("x = ", ["1"]))[0] for one in (plain, first, second)]
        assert len(set(scores)) == 3
        after = (await plain.health()).memory
        assert (launch.folder / "engine.lock").read_text() == pid
        assert held is not None and after is not None and after < held + model.stat().st_size / 2
        assert await dialects.spoken(first, "auto") is dialects.by_name("taught")
        assert await dialects.spoken(plain, "auto") is dialects.LEFT_TO_RIGHT
        missing = local.Local(launch, "third")
        with pytest.raises(EngineUnavailable, match=r"there is no adapter third; .* has first, second"):
            await text(missing)
        await missing.close()
    finally:
        await first.close()
        await second.close()
        await plain.end()


async def test_a_shared_engine_writes_with_the_adapter_that_a_request_names(model: Path, two: Path, home: Path) -> None:
    """Behind the gate of a team's server, by `model`, as clients send it; a name that is no adapter is the model."""
    launch = processes.launch_for(model, home / "r", 60, beside=Beside(adapters=str(two)))
    nodes = Nodes([Here(local.Local(launch), 2)])
    try:

        async def text(name: str) -> str:
            body = {"prompt": "def area(width, height):\n    return", "max_tokens": 2, "temperature": 0, "model": name}
            return "".join([one.decode() async for one in nodes.post("/v1/completions", body, Who("ann"), 0)])

        found = [json.loads(await text(name))["choices"][0]["text"] for name in ("first", "second", "any", "first")]
        assert len({*found}) == 3 and found[0] == found[3]
    finally:
        await nodes.close()


async def test_an_adapter_of_another_base_is_refused_with_a_sentence(model: Path, two: Path, home: Path) -> None:
    folder = home / "adapters"
    drawn(model, folder / "stranger", 5)
    told = json.loads((folder / "stranger" / adapters.MANIFEST).read_text())
    told["base"] |= {"digest": "0" * 64, "name": "Other-1B"}
    (folder / "stranger" / adapters.MANIFEST).write_text(json.dumps(told))
    heard = list[str]()
    assert adapters.served(str(folder), model, heard.append) == []
    assert heard == [
        f"left out: The adapter stranger was made for Other-1B, and the model here is {weights.name_of(model)}, with other weights. Use that model, or tune this one: `assay tune run`."
    ]
    launch = processes.launch_for(model, home / "r", 60, beside=Beside(adapters=str(folder)))
    engine = local.Local(launch, "stranger")
    try:
        with pytest.raises(EngineUnavailable, match="Engine off: The adapter stranger was made for Other-1B"):
            await anext(engine.generate(Request("x")))
        assert "was made for Other-1B" in (await engine.health()).why
    finally:
        await engine.end()


def test_an_adapter_is_read_back_as_it_was_written(model: Path, two: Path) -> None:
    """In 16 bits; queries and keys turned back."""
    parts, _ = exported.read(two / "first")
    again = gguf_files.read_adapter(model, two / "first" / adapters.GGUF)
    assert parts.keys() == again.keys()
    for layer, both in parts.items():
        for one, other in zip(both, again[layer], strict=True):
            assert np.abs(one - other).max() < 2e-3


def test_merged_weights_are_the_base_and_the_difference(model: Path, two: Path, tmp_path: Path) -> None:
    exported.merge(two / "first", model, "q8_0", tmp_path / "merged.gguf")
    before, after = gguf.GGUFReader(model), gguf.GGUFReader(tmp_path / "merged.gguf")
    assert [one.name for one in after.tensors] == [one.name for one in before.tensors]
    assert set(before.fields) == set(after.fields)
    parts, alpha = exported.read(two / "first")
    down, up = parts["model.layers.3.self_attn.k_proj"]
    turned = up.reshape(3, 2, 32, 4).swapaxes(1, 2).reshape(up.shape)  # llama.cpp's rotary form: three heads of 64
    wanted = gguf.quants.dequantize(*_tensor(before, "blk.3.attn_k.weight")) + turned @ down * (alpha / 4)
    found = gguf.quants.dequantize(*_tensor(after, "blk.3.attn_k.weight"))
    assert np.abs(found - wanted).max() < 0.01 * np.abs(wanted).max()
    untouched = [_tensor(one, "blk.3.ffn_up.weight") for one in (before, after)]
    assert (untouched[0][0] == untouched[1][0]).all() and untouched[0][1] == untouched[1][1]
    with pytest.raises(RunError, match=r"llama\.cpp has no layer for model\.layers\.0\.odd"):
        gguf_files.write_adapter(model, {"model.layers.0.odd": (down, up)}, 8, tmp_path / "x.gguf")


def _tensor(reader: gguf.GGUFReader, name: str):
    one = next(tensor for tensor in reader.tensors if tensor.name == name)
    return one.data, one.tensor_type


def gated(folder: Path, *, is_better: bool) -> None:
    """What the gate leaves beside an adapter."""
    before, after = ([30.0, 20.0] * 20, [20.0, 15.0] * 20)[:: 1 if is_better else -1]
    rows = [row(figures.DECIDES, "bits", "less", before, after, [10.0] * 40)]
    better, why = figures.verdict(rows)
    (folder / way.GATE).write_text(json.dumps({"better": better, "why": why, "rows": figures.as_json(rows)}))


@pytest.fixture
def made(model: Path, home: Path) -> Path:
    """A run `shop` whose adapter is there, and the fallback model where this test's folders have it."""
    target = weights.fallback_path(folders().cache)
    target.parent.mkdir(parents=True)
    target.symlink_to(model)
    return drawn(model, home / "state" / "tune" / "runs" / "shop" / "made" / "shop", 1).folder


def test_a_worse_adapter_is_refused_with_the_table_and_taken_by_force_on_record(made: Path, home: Path) -> None:
    run = CliRunner().invoke
    untold = run(app, ["model", "use", "shop"])
    assert untold.exit_code == 2 and "assay tune gate shop" in untold.output
    gated(made, is_better=False)
    refused = run(app, ["model", "use", "shop"])
    assert refused.exit_code == 1, refused.output
    assert (
        "| bits per token | 40 | 1.750 | 2.500 |" in refused.output
        and "Not better: bits per token got worse" in refused.output
    )
    assert Chosen(folders().chosen_file).history(None) == []
    forced = run(app, ["model", "use", "shop", "--force"])
    assert forced.exit_code == 0, forced.output
    assert [(one.adapter, one.forced) for one in Chosen(folders().chosen_file).history(None)] == [("shop", True)]


def test_a_better_adapter_is_used_for_its_project_and_rolled_back(made: Path, home: Path, tmp_path: Path) -> None:
    run, where = CliRunner().invoke, folders()
    gated(made, is_better=True)
    done = run(app, ["model", "use", "shop", "--project", str(tmp_path)])
    assert done.exit_code == 0 and "Better: bits per token" in done.output
    assert (where.adapters / "shop" / adapters.GGUF).is_file()
    own, _ = compose.load_settings(where, root=tmp_path)
    other, _ = compose.load_settings(where, root=home)
    assert own.text("engine.adapter") == "shop" and other.text("engine.adapter") == ""
    engines = [compose.engine(one, where) for one in (own, other)]
    assert all(isinstance(one, local.Local) for one in engines)
    assert [one._adapter == "shop" for one in engines] == [True, False]  # type: ignore[attr-defined]
    assert (
        f"for {weights.name_of(weights.fallback_path(where.cache))}; used by {tmp_path}"
        in run(app, ["model", "list"]).output
    )
    bench = compose.workbench(other, where)
    tightened = compose.tightened(bench, own, where, ())
    assert tightened.engine is not bench.engine and tightened.sandbox is bench.sandbox
    back = run(app, ["model", "rollback", "--project", str(tmp_path)])
    assert back.exit_code == 0 and "no adapter of yours" in back.output
    assert compose.load_settings(where, root=tmp_path)[0].text("engine.adapter") == ""
    assert run(app, ["model", "rollback"]).exit_code == 2


def test_adapters_are_looked_for_where_they_are_set_to_be(made: Path, home: Path, tmp_path: Path) -> None:
    run, where = CliRunner().invoke, folders()
    compose.save_setting(where, "engine.adapters", str(tmp_path / "kept"))
    gated(made, is_better=True)
    assert run(app, ["model", "use", "shop"]).exit_code == 0
    assert (tmp_path / "kept" / "shop" / adapters.GGUF).is_file() and not (where.adapters / "shop").exists()
    shutil.rmtree(made.parents[1])
    assert "shop" in run(app, ["model", "list"]).output
    again = run(app, ["model", "use", "shop", "--project", str(home)])
    assert again.exit_code == 0, again.output
    assert "desk is no adapter here" in (refused := run(app, ["model", "use", "desk", "--project", str(home)]).output)
    assert "shop" in refused


def test_somebodys_own_folder_is_not_replaced(made: Path, home: Path, tmp_path: Path) -> None:
    """`engine.adapters` may be a folder that is not ours, with adapters that are not, or links."""
    run, where = CliRunner().invoke, folders()
    gated(made, is_better=True)
    compose.save_setting(where, "engine.adapters", str(tmp_path / "kept"))
    own = tmp_path / "kept" / "shop"
    own.mkdir(parents=True)
    (own / "adapter_model.safetensors").write_bytes(b"weights")
    refused = run(app, ["model", "use", "shop"])
    assert refused.exit_code == 2 and "no adapter that `assay tune` made" in refused.output
    assert [one.name for one in own.iterdir()] == ["adapter_model.safetensors"]
    own.rename(tmp_path / "elsewhere")
    shutil.copytree(made, tmp_path / "linked")
    own.symlink_to(tmp_path / "linked")
    assert "is a link" in run(app, ["model", "use", "shop"]).output
    own.unlink()
    for _ in range(2):
        assert run(app, ["model", "use", "shop"]).exit_code == 0
    assert [one.name for one in (tmp_path / "kept").iterdir()] == ["shop"]
    assert run(app, ["model", "rollback"]).exit_code == 0
    assert compose.load_settings(where)[0].text("engine.adapter") == "", "the same one twice is one choice"


def test_whoever_takes_another_model_writes_without_the_adapter_of_the_first(
    made: Path, home: Path, tmp_path: Path
) -> None:
    run, where = CliRunner().invoke, folders()
    gated(made, is_better=True)
    assert run(app, ["model", "use", "shop"]).exit_code == 0
    assert run(app, ["model", "use", "shop", "--project", str(tmp_path)]).exit_code == 0
    (tmp_path / "other.gguf").write_bytes(b"GGUF" + bytes(2000))
    done = run(app, ["model", "use", str(tmp_path / "other.gguf")])
    assert done.exit_code == 0 and done.output.count("written without the adapter shop") == 2
    for root in (None, tmp_path):
        assert compose.load_settings(where, root=root)[0].text("engine.adapter") == adapters.NONE
    assert run(app, ["model", "use", ""]).exit_code == 0
    assert run(app, ["model", "rollback"]).exit_code == 0
    assert compose.load_settings(where)[0].text("engine.adapter") == "shop"


def test_all_of_a_name_is_deleted(made: Path, home: Path) -> None:
    run, where = CliRunner().invoke, folders()
    gated(made, is_better=True)
    (home / "state" / "tune" / "data" / "shop").mkdir(parents=True)
    assert run(app, ["model", "use", "shop"]).exit_code == 0
    refused = run(app, ["tune", "remove", "shop"])
    assert refused.exit_code == 2 and "all projects is written with shop" in refused.output
    assert run(app, ["model", "rollback"]).exit_code == 0
    assert run(app, ["tune", "remove", "shop"]).exit_code == 0
    assert not made.exists() and not (where.adapters / "shop").exists()
    assert not (home / "state" / "tune" / "data" / "shop").exists()
    gone = run(app, ["tune", "remove", "shop"])
    assert gone.exit_code == 2 and "nothing of the name shop" in gone.output
    assert run(app, ["tune", "remove", "../x"]).exit_code == 2


@pytest.mark.parametrize(
    "told", ['{"base": {"digest": "x", "name": "y", "bytes": 1e999}, "dialect": ""}', "[" * 100_000]
)
def test_a_broken_manifest_is_one_adapter_less(tmp_path: Path, told: str) -> None:
    folder = tmp_path / "a" / "odd"
    folder.mkdir(parents=True)
    (folder / adapters.MANIFEST).write_text(told)
    (tmp_path / "m.gguf").write_bytes(b"x")
    said = list[str]()
    assert adapters.served(str(tmp_path / "a"), tmp_path / "m.gguf", said.append) == [] and said
    assert adapters.mark(str(tmp_path / "a"), tmp_path / "m.gguf") == ""


def test_reading_runs_needs_nothing_of_the_extra() -> None:
    """`assay model use` of an adapter and `assay tune status` are for whoever has not installed it."""
    absent = "import sys\nfor one in ('datasketch', 'torch', 'peft', 'pygal', 'gguf', 'safetensors'): sys.modules[one] = None\n"
    done = subprocess.run([sys.executable, "-c", f"{absent}from assay.tune import way"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_innermost_projects_choice_counts(made: Path, home: Path, tmp_path: Path) -> None:
    """A window on a folder with projects in it: the choice for one of them is that one's, the choice for the folder that of the others."""
    chosen, composition = Chosen(folders().chosen_file), compose.Composition(folders())
    shop, desk = tmp_path / "shop", tmp_path / "desk"
    chosen.choose(shop, Choice("shop", "2026-11-30"))

    def adapter(*roots: Path) -> str:
        return composition.settings(roots, None)[0].text("engine.adapter")

    assert [adapter(tmp_path, shop), adapter(tmp_path, desk), adapter(tmp_path)] == ["shop", "", ""]
    chosen.choose(tmp_path, Choice("house", "2026-11-30"))
    assert [adapter(tmp_path, shop), adapter(tmp_path, desk)] == ["shop", "house"]


def test_a_choice_that_would_not_be_used_is_refused(made: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gated(made, is_better=True)
    for variable, value, why in (
        ("ASSAY_ENGINE_ADAPTER", "other", "An adapter is set (`engine.adapter` is other)"),
        ("ASSAY_ENGINE_URL", "http://127.0.0.1:9", "Suggestions come from a server"),
        ("ASSAY_ENGINE_BACKEND", "torch", "which has no adapters"),
    ):
        with monkeypatch.context() as at:
            at.setenv(variable, value)
            done = CliRunner().invoke(app, ["model", "use", "shop"])
        assert done.exit_code == 2 and why in done.output
    assert Chosen(folders().chosen_file).roots() == []


async def test_another_process_with_other_adapters_is_noticed(model: Path, two: Path, home: Path) -> None:
    """The numbers are llama.cpp's by the order of names: one that comes before moves them."""
    folder = home / "adapters"
    shutil.copytree(two / "second", folder / "second")
    launch = processes.launch_for(model, home / "r", 60, beside=Beside(adapters=str(folder)))
    engine, other = local.Local(launch, "second"), local.Local(launch, "second")
    try:
        first = await engine.score("def area(", ["width"])
        await engine.end()
        shutil.copytree(two / "first", folder / "first")
        engine = local.Local(launch, "second")
        assert await engine.score("def area(", ["width"]) == pytest.approx(first, abs=0.05)
        os.kill(int((launch.folder / "engine.lock").read_text()), signal.SIGTERM)
        shutil.rmtree(folder / "first")
        assert await other.score("def area(", ["width"]) == pytest.approx(first, abs=0.05)
        assert await engine.score("def area(", ["width"]) == pytest.approx(first, abs=0.05)
    finally:
        await other.end()
        await engine.end()


def test_an_adapter_of_another_model_is_refused_by_name(made: Path, home: Path) -> None:
    gated(made, is_better=True)
    told = json.loads((made / adapters.MANIFEST).read_text())
    (made / adapters.MANIFEST).write_text(
        json.dumps(told | {"base": told["base"] | {"digest": "1" * 64, "name": "Other-1B"}})
    )
    done = CliRunner().invoke(app, ["model", "use", "shop"])
    assert done.exit_code == 2 and "was made for Other-1B" in done.output


def test_a_run_rests_while_an_engine_works_and_is_never_left_stopped(tmp_path: Path) -> None:
    """The engine is a process whose child burns a processor for a second; the run one that counts."""
    burning = "import time; t = time.process_time()\nwhile time.process_time() - t < 1: pass\ntime.sleep(60)"
    busy = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burning!r}])"],
        start_new_session=True,
    )
    counting = subprocess.Popen([sys.executable, "-c", "import time\nfor _ in range(40): time.sleep(0.05)"], text=True)
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "engine.lock").write_text(str(busy.pid))
    said = list[str]()
    try:
        signs = yielding.Signs((), (tmp_path,))
        signs._busy_at = -1e9
        assert yielding.minded(counting, signs, said.append) == 0
        assert said[0] == "resting: somebody works" and said[1] == "going on"
    finally:
        os.killpg(busy.pid, signal.SIGKILL)
        busy.wait()
        if counting.poll() is None:
            counting.kill()
        counting.wait()


async def test_the_gate_rests_between_two_places_and_its_own_engine_is_no_sign(tmp_path: Path) -> None:
    """The engines are processes that burn a processor for two seconds."""
    burning = "import time; t = time.process_time()\nwhile time.process_time() - t < 2: pass\ntime.sleep(60)"
    said = list[str]()
    with subprocess.Popen([sys.executable, "-c", burning]) as busy:
        for name in ("own", "other"):
            (tmp_path / name).mkdir()
        (tmp_path / "own" / "engine.lock").write_text(str(busy.pid))
        pace = gate.Pace(
            said.append, yielding.Signs((), (tmp_path,), _busy_at=-1e9).beside(tmp_path / "own").quiet(said.append)
        )
        try:
            for number in range(4):
                await pace.at("lines", number, 4)
                await asyncio.sleep(0.1)  # tidy: allow-sleep  the process is to be seen at work
            assert said == ["lines: 0 of 4"]
            (tmp_path / "other" / "engine.lock").write_text(str(busy.pid))
            for number in range(1, 4):
                await pace.at("lines", number, 4)
                await asyncio.sleep(0.1)  # tidy: allow-sleep  the same
            assert said[1:3] == ["resting: somebody works", "going on"]
        finally:
            busy.kill()


def test_whoever_minds_a_run_ends_it_with_himself() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], text=True)

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        yielding.minded(process, None, print, interrupted)
    assert process.poll() == -signal.SIGTERM


def test_a_suggestion_that_was_shown_is_a_sign(tmp_path: Path) -> None:
    signs = yielding.Signs((tmp_path / "traces.jsonl",), (tmp_path,))
    signs._busy_at = -1e9
    assert not signs.somebody_works(time.monotonic())
    (tmp_path / "traces.jsonl").write_text("{}\n")
    assert signs.somebody_works(time.monotonic())
    old = time.time() - 60
    os.utime(tmp_path / "traces.jsonl", (old, old))
    assert not signs.somebody_works(time.monotonic())


@pytest.mark.parametrize("name", ["my shop", "none", "own", "../x", ".hidden", "ü"])
def test_a_name_that_engines_would_not_take_is_refused_at_once(home: Path, name: str) -> None:
    done = CliRunner().invoke(app, ["tune", "prepare", "--package", "pluggy", "--name", name])
    assert done.exit_code == 2 and "is no name here" in done.output
    assert not (home / "state").exists()


def test_a_run_is_stopped_by_its_name(home: Path) -> None:
    target = home / "state" / "tune" / "runs" / "shop"
    target.mkdir(parents=True)
    assert CliRunner().invoke(app, ["tune", "stop", "shop"]).exit_code == 2
    nobody = CliRunner().invoke(app, ["tune", "gate", "nobody"])
    assert nobody.exit_code == 2 and "There is no run nobody" in nobody.output
    holding = "import sys, time\nfrom pathlib import Path\nfrom assay.tune import way\nwith way.alone(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", holding, str(target)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        assert way.is_at_work(target)
        assert "shop is at work" in CliRunner().invoke(app, ["tune", "remove", "shop"]).output
        assert CliRunner().invoke(app, ["tune", "stop", "shop"]).exit_code == 0
        assert process.wait(10) == 128 + signal.SIGTERM
    assert not way.is_at_work(target)


def test_without_the_extra_the_command_says_what_to_install(home: Path) -> None:
    from importlib.util import find_spec

    if find_spec("torch") is not None:
        pytest.skip("torch is installed here")
    done = CliRunner().invoke(app, ["tune", "run", "shop"])
    assert done.exit_code == 2 and "Install `assay[tune]`" in done.output


@pytest.mark.parametrize(("name", "dialect"), [("qwen2.5-coder-1.5b.gguf", "qwen"), ("other-7b.gguf", "left-to-right")])
def test_a_model_is_taught_in_its_own_markers(tmp_path: Path, name: str, dialect: str) -> None:
    (tmp_path / name).write_bytes(b"GGUF")
    assert way.dialect_for(tmp_path / name, "auto") == dialect
    with pytest.raises(RunError, match="nonsense is no dialect"):
        way.dialect_for(tmp_path / name, "nonsense")


def test_the_embedded_model_can_be_taught_unused_tokens_and_others_cannot(model: Path, tmp_path: Path) -> None:
    assert way.dialect_for(model, "taught") == way.TAUGHT
    today = adapters.today(model)
    assert way.dialect_for(model, "auto") == (today.dialect if today else "left-to-right")
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    with pytest.raises(RunError, match="other does not have the tokens"):
        way.dialect_for(tmp_path / "other.gguf", "taught")
