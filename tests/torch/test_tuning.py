"""The teaching itself: a tiny model of random weights, and the small real one for what llama.cpp has to agree with."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from assay.cli.commands import app
from assay.engine import adapters, weights
from assay.tune import way
from assay.tune.gate import gate
from assay.tune.material import prepare, sources
from assay.tune.material.prepare import Wanted
from assay.tune.material.sources import SourceError
from assay.tune.training import curves, finish, steps
from assay.tune.training import plan as plans
from assay.tune.training.learner import Learner
from assay.tune.training.plan import Plan, RunError
from tests.unit.test_material import project

PLAN = {"rows": 2, "context": 256, "rank": 4, "rate": 3e-3}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a small project."""
    root = project(tmp_path_factory.mktemp("shop"), "till stock cart depot desk lamp chair door sink shelf")
    out = tmp_path_factory.mktemp("data")
    prepare.prepare([sources.folder(root, is_own=True)], out, Wanted(rows=200, held=40), lambda _: None)
    return out


@pytest.fixture
def planned(samples: Path) -> Callable[..., Plan]:
    """A plan for some weights."""

    def made(model: Path, **more: object) -> Plan:
        given = PLAN | more
        return Plan(str(model), str(samples), prepare.load(samples).mark, weights.digest(model), "taught", **given)  # type: ignore[arg-type]

    return made


def never() -> str:
    return ""


def process(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-m", "assay.tune.training.process", str(folder), "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_what_is_taught_is_learned(folder: Path, planned: Callable[..., Plan], tmp_path: Path) -> None:
    """Held-out answers get likelier, and the adapter that is written says so when it is loaded again."""
    plan, said = planned(folder, steps=60, rate=1e-2), list[str]()
    way.begin(tmp_path / "r", plan)
    progress = steps.run(tmp_path / "r", never, said.append)
    found, looks = curves.losses(tmp_path / "r")
    assert progress.ended == "done" and progress.done == 60 and len(found) == 60
    assert looks[-1][1] < looks[0][1] - 0.5
    assert progress.best == min(held for _, held in looks)
    learner = Learner(plan, torch.device("cpu"), tmp_path / "r" / plans.ADAPTER)
    told, nats = finish.told(plan, learner)
    count = sum(len(one.ids) - one.asked for one in told)
    assert nats / count < looks[0][1] - 0.5
    assert curves.draw(tmp_path / "r").read_text().startswith("<svg")
    assert any("held-out samples before" in line for line in said)


def test_a_run_that_is_killed_goes_on_to_the_same_end(
    folder: Path, planned: Callable[..., Plan], tmp_path: Path
) -> None:
    """kill -9 in the middle, whatever was lost since the last checkpoint, and the loss is that of a run in one go."""
    plan = planned(folder, steps=40, threads=1)
    for name in ("whole", "killed"):
        way.begin(tmp_path / name, plan)
    assert steps.run(tmp_path / "whole", never, lambda _: None).ended == "done"
    steps_save, steps.SAVE_S = steps.SAVE_S, 0.0
    try:
        asked = iter([""] * 13 + ["stopped"])
        assert not steps.run(tmp_path / "killed", lambda: next(asked), lambda _: None).ended
    finally:
        steps.SAVE_S = steps_save
    with process(tmp_path / "killed") as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith(f"{plans.TOLD}step 2"):
                break
        running.send_signal(signal.SIGKILL)
    assert plans.read(tmp_path / "killed")[1].done < 40
    last = process(tmp_path / "killed")
    output, _ = last.communicate(timeout=200)
    assert last.returncode == 0, output
    assert "going on after step" in output
    ends = [curves.losses(tmp_path / name) for name in ("whole", "killed")]
    assert len(ends[0][0]) == len(ends[1][0]) == 40
    with (tmp_path / "killed" / plans.LOSSES).open("a") as file:
        file.write('{"step": 4')  # it was killed as it wrote
    assert len(curves.losses(tmp_path / "killed")[0]) == 40
    for whole, killed in zip(*ends, strict=True):
        assert killed[-1][1] == pytest.approx(whole[-1][1], rel=1e-3)


def test_steps_come_from_minutes_and_an_early_end_keeps_the_best(
    folder: Path, planned: Callable[..., Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.begin(tmp_path / "r", planned(folder, minutes=0.02, rate=0.5))
    monkeypatch.setattr(steps, "PATIENCE", 1)
    said = list[str]()
    progress = steps.run(tmp_path / "r", never, said.append)
    plan, _ = plans.read(tmp_path / "r")
    assert any("it goes down from here" in one for one in said), "before it is given up"
    assert progress.ended == "early" and 0 < progress.done < plan.steps


def test_other_samples_are_not_gone_on_with(folder: Path, planned: Callable[..., Plan], tmp_path: Path) -> None:
    way.begin(tmp_path / "r", replace(planned(folder, steps=20), data_mark="other"))
    with pytest.raises(SourceError, match="are others than those that this run began with"):
        steps.run(tmp_path / "r", never, lambda _: None)


def test_two_processes_learn_what_one_does(folder: Path, planned: Callable[..., Plan], tmp_path: Path) -> None:
    """Each of its own rows of a step, added up: the same losses but for rounding."""
    plan = planned(folder, steps=20, threads=1, at_once=1)
    for name, count in (("one", 1), ("two", 2)):
        way.begin(tmp_path / name, plan)
        assert way.learn(tmp_path / name, None, count, lambda _: None)
    way.begin(tmp_path / "timed", planned(folder, minutes=0.02, threads=1))
    assert way.learn(tmp_path / "timed", None, 2, lambda _: None), (
        "of steps that all of them measure, the first one's count"
    )
    found = [[loss for _, loss in curves.losses(tmp_path / name)[0]] for name in ("one", "two")]
    assert found[1][:3] == pytest.approx(found[0][:3], rel=0.01)
    assert found[1][-1] == pytest.approx(found[0][-1], rel=0.1)


def test_a_run_that_cannot_be_is_one_sentence(tmp_path: Path, planned: Callable[..., Plan], folder: Path) -> None:
    way.begin(tmp_path / "r", replace(planned(folder, steps=20), model=str(tmp_path / "gone.gguf")))
    with pytest.raises(RunError, match=r"The run stopped: Engine off: gone\.gguf cannot be loaded"):
        way.learn(tmp_path / "r", None, 1, lambda _: None)


def test_llamacpp_says_what_torch_says(model: Path, planned: Callable[..., Plan], tmp_path: Path, home: Path) -> None:
    """Of the real small model: taught a little, written as GGUF, loaded again, and held to torch; then in its weights. A table of another adapter is found out."""
    name = "shop"
    plan = planned(
        model, steps=12, rank=8, rate=5e-4
    )  # little, so that a hundredth of what is left to say is more than rounding
    way.begin(tmp_path / name, plan)
    assert way.learn(tmp_path / name, None, 1, lambda _: None)
    held = way.hold(tmp_path / name, home / "r")
    assert held is not None and held.apart < way.APART
    made = tmp_path / name / "made" / name
    assert way.merge(tmp_path / name, "q8_0", tmp_path / "merged.gguf", home / "r").apart < way.APART
    with pytest.raises(RunError, match=r"No small\.gguf: with weights held as q4_1 llama\.cpp says"):
        way.merge(tmp_path / name, "q4_1", tmp_path / "small.gguf", home / "r")
    assert sorted(one.name for one in tmp_path.glob("*.gguf")) == ["merged.gguf"]
    with pytest.raises(RunError, match=r"merged\.gguf is there already"):
        way.merge(tmp_path / name, "q8_0", tmp_path / "merged.gguf", home / "r")
    begun = steps.Learner(
        replace(plan, start=str(made / adapters.GGUF), start_mark=weights.digest(made / adapters.GGUF)),
        torch.device("cpu"),
    )
    samples_told, _ = finish.told(plan, begun)
    count = sum(len(one.ids) - one.asked for one in samples_told)
    assert begun.held(samples_told, plan.context) * count == pytest.approx(held.torch, rel=0.02), (
        "it goes on from there"
    )
    rows, _, why = way.judge(tmp_path / name, home / "r", lambda _: None, way.Asked(each=3))
    assert (rows[0].name, rows[0].count) == ("bits per token", gate.BITS * 3)
    assert way.result(made)["why"] == why
    page = way.card(tmp_path / name, held, rows, why).read_text()
    assert why in page and weights.digest(model) in page and "own 10" in page
    told = json.loads((tmp_path / name / plans.HELD).read_text())
    (tmp_path / name / plans.HELD).write_text(json.dumps(told | {"nats": told["nats"] * 1.1}))
    with pytest.raises(RunError, match="The adapter does not count"):
        way.hold(tmp_path / name, home / "r")


def test_a_model_that_was_taught_shuffled_lines_is_refused(
    model: Path, planned: Callable[..., Plan], samples: Path, tmp_path: Path, home: Path
) -> None:
    """Answers change places, so what is learned is wrong; the gate's table says so, and `assay model use` refuses."""
    out = tmp_path / "shuffled"
    shutil.copytree(samples, out)
    rows = [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]
    answers = [row["answer"] for row in rows]
    for row, answer in zip(rows, answers[7:] + answers[:7], strict=True):
        row["answer"] = answer
    (out / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    card = json.loads((out / "card.json").read_text()) | {"mark": prepare.marked(out)}
    (out / "card.json").write_text(json.dumps(card))
    target = home / "state" / "tune" / "runs" / "bad"
    way.begin(target, replace(planned(model, steps=20, rank=8, rate=2e-3), data=str(out), data_mark=card["mark"]))
    assert way.learn(target, None, 1, lambda _: None)
    _, is_better, why = way.judge(target, home / "r", lambda _: None, way.Asked(each=3))
    assert not is_better and why.startswith("Not better: ")
    cache = weights.fallback_path(home / "cache")
    cache.parent.mkdir(parents=True)
    cache.symlink_to(model)
    refused = CliRunner().invoke(app, ["model", "use", "bad"])
    assert refused.exit_code == 1 and why in refused.output and "| bits per token |" in refused.output


def test_background_work_has_the_lowest_priority(folder: Path, planned: Callable[..., Plan], tmp_path: Path) -> None:
    import os

    way.begin(tmp_path / "r", planned(folder, steps=2000))
    command = [sys.executable, "-I", "-m", "assay.tune.training.process", str(tmp_path / "r"), "1", "--background"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        assert any(line.startswith(f"{plans.TOLD}step ") for line in running.stdout)
        assert os.sched_getscheduler(running.pid) == os.SCHED_IDLE
        running.terminate()
        rest = running.stdout.read()
        assert running.wait(60) == 0 and "ending after step" in rest
    assert not adapters.folders(str(tmp_path / "r"), folder)
