"""What is written down: traces that are bounded, redacted and found again; a ledger of hashes that never gets in the way."""

from __future__ import annotations

import json
from pathlib import Path

from assay.assistant.record import ledger, trace_text
from assay.assistant.record.ledger import Ledger
from assay.assistant.record.trace import TEXT_LIMIT, Traces


def saved(traces: Traces, where: str, outcome: str = "nothing") -> str:
    trace = traces.begin(where)
    trace.add("candidate", text="x = 1")
    with trace.waiting("engine"):
        pass
    traces.save(trace, outcome)
    return trace.id


def test_a_record_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    traces = Traces(tmp_path / "traces.jsonl", 10)
    first, second = saved(traces, "/a/x.py:1:1"), saved(traces, "/b/y.py:1:1")
    found = traces.find(first[:6])
    assert found is not None
    assert (found["id"], found["where"], set(found["waited_ms"])) == (first, "/a/x.py:1:1", {"engine"})
    assert [record["id"] for record in traces.last(2)] == [second, first]
    assert traces.find("nothing") is None


def test_the_latest_of_a_folder_comes_before_a_later_one_elsewhere(tmp_path: Path) -> None:
    traces = Traces(tmp_path / "traces.jsonl", 10)
    here, there = saved(traces, "/a/x.py:1:1"), saved(traces, "/b/y.py:1:1")
    assert (traces.latest("/a") or {})["id"] == here
    assert traces.latest("/nowhere") is None
    assert (traces.latest("") or {})["id"] == there


def test_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    traces = Traces(tmp_path / "traces.jsonl", 5)
    for number in range(60):
        saved(traces, f"{number}")
    assert len(traces.last(1000)) < 60
    assert traces.last()[0]["where"] == "59"


def test_nothing_is_kept_where_nobody_wants_it(tmp_path: Path) -> None:
    traces = Traces(tmp_path / "traces.jsonl", 0)
    saved(traces, "here")
    assert traces.last() == ()


def test_texts_are_redacted_and_cut(tmp_path: Path) -> None:
    traces = Traces(tmp_path / "traces.jsonl", 5)
    trace = traces.begin("here")
    key = "AKIAIOSFODNN7EXAMPLE"
    trace.add("candidate", text=f"k = '{key}'" + "x" * 9000, count=3, checks=[{"detail": f"Undefined name `{key}`"}])
    traces.save(trace, f"nothing: Undefined name `{key}`")
    assert key not in (tmp_path / "traces.jsonl").read_text()
    (event,) = traces.last()[0]["events"]
    assert (len(event["text"]), event["count"]) == (TEXT_LIMIT, 3)


def test_a_broken_line_and_a_full_disk_lose_one_record(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    traces = Traces(file, 5)
    saved(traces, "one")
    file.write_text("{broken\n" + file.read_text())
    assert [record["where"] for record in traces.last(9)] == ["one"]
    saved(Traces(Path("/proc/nowhere/traces.jsonl"), 5), "two")


def test_a_story_is_told_of_every_stage() -> None:
    verdict = {
        "state": "unverified",
        "why": "It was late.",
        "checks": [{"name": "parse", "state": "passed", "ms": 1.0, "detail": ""}],
    }
    events = [
        {"stage": "site", "ms": 0.1, "kind": "line", "why": ""},
        {"stage": "nearby", "ms": 0.2, "text": "end(", "probability": 0.8},
        {"stage": "prompt", "ms": 1.0, "chars": 9, "dialect": "qwen", "sources": ["a.py:1"]},
        {"stage": "read", "ms": 1.5, "anew": 5, "kept": 412},
        {"stage": "read", "ms": 1.5, "anew": 6, "kept": 9, "about": True},
        {"stage": "candidate", "ms": 2.0, "text": "a\nb", "sampling": {"temperature": 0.6}},
        {"stage": "filters", "ms": 2.1, "changed": ["scope"]},
        {"stage": "filters", "ms": 2.1, "changed": []},
        {"stage": "piece", "ms": 2.1, "text": "a"},
        {"stage": "repair", "ms": 2.2, "did": "closed )", "text": "a)"},
        {"stage": "verdict", "ms": 3.0, "goes_on": True} | verdict,
        {"stage": "late", "ms": 4.0},
        {"stage": "offer", "ms": 5.0, "text": "a"},
        {"stage": "unheard", "ms": 6.0, "of": "it"},
    ]
    told = "\n".join(trace_text.lines({"id": "1", "where": "x.py:1:1", "outcome": "offered", "events": events}))
    for words in ("a line can be written here", "end(   (probability 0.8)", "9 characters, qwen, with a.py:1", "     5 tokens of the prompt, 412 were kept", "about 6 tokens", "a ⏎ b   (temperature 0.6)",
                  "changed by scope", "nothing to change", "as far as a", "closed ): a)", "unverified: It was late. The checks go on.", "moved on", "it"):  # fmt: skip
        assert words in told


def test_the_ledger_holds_hashes_and_turns_over(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "ledger.jsonl"
    kept = Ledger(file)
    kept.record("offered", "1", text="x = secret()", state="passed", trace_id="t")
    row = json.loads(file.read_text())
    assert (row["event"], row["suggestion"], row["state"], row["trace"], len(row["text"])) == (
        "offered",
        "1",
        "passed",
        "t",
        16,
    )
    file.write_text("x" * (ledger.ROTATE_BYTES + 1))
    kept.record("accepted", "1")
    assert file.with_suffix(".old").exists()
    assert file.read_text().count("\n") == 1
    Ledger(Path("/proc/nowhere/ledger.jsonl")).record("offered", "2")
