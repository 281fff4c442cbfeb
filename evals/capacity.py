"""How many people one engine carries: a simulation of typing on measured or assumed step times, and that simulation against a real run.

`.venv-torch/bin/python -m evals.capacity --check` types with several simulated people at the engine on torch on this machine's CPU, one served after the other, and lets the simulation forecast the same: the same keys, the step times measured just before. `--engine vllm` does it with vLLM, which writes several at once.
`--steps WRITE WRITE_ROW READ READ_TOKEN` (milliseconds) forecasts the same people for an engine that was timed otherwise, to hold against `evals.serving`.
`python -m evals.capacity` prints how many people a GPU carries, on step times that follow from its memory bandwidth and arithmetic; none of them was measured by us, docs/scale.md says what is assumed.

Somebody who types makes a key every 0.2 s or so, in bursts with pauses between; a request goes out when the pause after a key is long enough, reads what is new of the prompt and writes up to --written tokens; the next key cancels it unless it is done. What counts is how long those wait that are not
cancelled.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import math
import random
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

SEED = 3
GAP_S, SPREAD = 0.18, 0.6  # the median gap between two keys of a burst, and its spread (log-normal)
BURST, PAUSE_S = 25, 6.0  # keys of a burst and the pause behind it, at the mean (geometric, exponential)
DEBOUNCE_S = 0.1  # after a key: what `Rhythm` waits at a usual speed, less the model's time
NEW = (1, 8)  # tokens of a prompt that are not kept: as `evals.read_anew` counts them (p50 1, p95 6)
EVERY_NEW, WHOLE = 0.06, 1500  # share of requests for a document or a place that is not kept, and its tokens
GOALS_S = (0.25, 0.5)  # p95 of a whole suggestion


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: when, by whom, tokens to read and to write, and when its author's next key makes it useless."""

    at: float
    who: int
    read: int
    write: int
    until: float


@dataclass(frozen=True, slots=True)
class Steps:
    """Seconds of a pass: `write` + `write_row` for each text that gets a token; `read` + `read_token` for each token of a piece of `piece`."""

    write: float
    write_row: float
    read: float
    read_token: float
    piece: int
    rows: int


def typing(people: int, seconds: float, written: int, chance: random.Random) -> list[Asked]:
    """What so many people ask while they work for so long."""
    found: list[Asked] = []
    for who in range(people):
        now = chance.random() * PAUSE_S
        while now < seconds:
            keys = [now]
            while chance.random() > 1 / BURST:
                keys.append(keys[-1] + GAP_S * math.exp(chance.gauss(0, SPREAD)))
            pause = chance.expovariate(1 / PAUSE_S)
            for key, after in zip(keys, [*keys[1:], keys[-1] + pause], strict=True):
                if after - key > DEBOUNCE_S and key < seconds:
                    read = WHOLE if chance.random() < EVERY_NEW else chance.randint(*NEW)
                    found.append(Asked(key + DEBOUNCE_S, who, read, chance.randint(4, written), after))
            now = keys[-1] + pause
    return sorted(found, key=lambda one: one.at)


def simulated(asked: Sequence[Asked], steps: Steps) -> list[float | None]:
    """For each request the seconds to its end; None where it was cancelled before. A piece of one prompt, then a token for everybody who has read theirs; with one row, one after the other."""
    coming = [(one.at, index) for index, one in enumerate(asked)]
    heapq.heapify(coming)
    waiting: list[int] = []
    reading: dict[int, int] = {}
    writing: dict[int, int] = {}
    ends: list[float | None] = [None] * len(asked)
    now = 0.0
    while coming or waiting or reading or writing:
        if not (waiting or reading or writing):
            now = max(now, coming[0][0])
        while coming and coming[0][0] <= now:
            waiting.append(heapq.heappop(coming)[1])
        waiting = [one for one in waiting if asked[one].until > now]
        for rows in (reading, writing):
            for one in [one for one in rows if asked[one].until <= now]:
                del rows[one]
        while waiting and len(reading) + len(writing) < steps.rows:
            first = waiting.pop(0)
            reading[first] = asked[first].read
        if reading:
            one = next(iter(reading))
            piece = min(steps.piece, reading[one])
            now += steps.read + steps.read_token * piece
            reading[one] -= piece
            if not reading[one]:
                del reading[one]
                writing[one] = asked[one].write - 1  # its first token came with the last piece
        if writing:
            now += steps.write + steps.write_row * len(writing)
            for one in list(writing):
                writing[one] -= 1
                if writing[one] <= 0:
                    del writing[one]
                    ends[one] = now - asked[one].at
    return ends


def told(asked: Sequence[Asked], ends: Sequence[float | None]) -> tuple[float, float, float]:
    """p50 and p95 of the seconds to a whole suggestion, among those that their author waited for long enough to see (0.5 s without a key), and the share of these that came in time."""
    waited = [(one, end) for one, end in zip(asked, ends, strict=True) if one.until - one.at >= 0.5]
    seconds = [end if end is not None else one.until - one.at for one, end in waited]
    if len(seconds) < 2:
        return 0.0, 0.0, 1.0
    cuts = statistics.quantiles(seconds, n=20)
    return statistics.median(seconds), cuts[-1], sum(end is not None for _, end in waited) / len(waited)


def carried(steps: Steps, written: int, goal_s: float, *, seconds: float = 60.0, most: int = 1024) -> int:
    """So many people type at once with p95 under the goal."""
    low, high = 0, most
    while low < high:
        people = (low + high + 1) // 2
        asked = typing(people, seconds, written, random.Random(SEED))
        if told(asked, simulated(asked, steps))[1] <= goal_s:
            low = people
        else:
            high = people - 1
    return low


@dataclass(frozen=True, slots=True)
class Gpu:
    """By its data sheet: bytes a second of memory, 16-bit operations a second, bytes of memory."""

    name: str
    bandwidth: float
    operations: float
    memory: float


GPUS = (Gpu("L4", 300e9, 121e12, 24e9), Gpu("A100 80 GB", 2.0e12, 312e12, 80e9), Gpu("H100 SXM", 3.35e12, 989e12, 80e9))
PARAMETERS, PER_TOKEN, CONTEXT = (
    7.6e9,
    57_344,
    2048,
)  # Qwen2.5-Coder-7B; tokens that a text's attention looks at, at the mean
USED_BANDWIDTH, USED_ARITHMETIC, LAUNCH_S = 0.6, 0.4, 0.002  # assumed


def assumed(gpu: Gpu, bits: float) -> Steps:
    """Step times that follow from the data sheet: weights are read once a pass, keys and values once a text; a prompt is arithmetic."""
    weights = PARAMETERS * bits / 8
    left = gpu.memory * 0.9 - weights - 1e9
    return Steps(
        write=LAUNCH_S + weights / (gpu.bandwidth * USED_BANDWIDTH),
        write_row=CONTEXT * PER_TOKEN / (gpu.bandwidth * USED_BANDWIDTH),
        read=LAUNCH_S + weights / (gpu.bandwidth * USED_BANDWIDTH),
        read_token=2 * PARAMETERS / (gpu.operations * USED_ARITHMETIC),
        piece=1024,
        rows=max(1, min(256, int(left / (8192 * PER_TOKEN)))),
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="against a real run on this machine")
    parser.add_argument("--engine", choices=("torch", "vllm"), default="torch", help="for --check")
    parser.add_argument(
        "--steps", type=float, nargs=4, help="ms of a pass: to write, for each text, to read, for each token"
    )
    parser.add_argument("--rows", type=int, default=8, help="texts at once, for --steps")
    parser.add_argument("--people", type=int, nargs="*", default=[1, 2, 4], help="for --check and --steps")
    parser.add_argument("--seconds", type=float, default=60.0, help="of typing, for --check and --steps")
    parser.add_argument("--written", type=int, default=32, help="tokens of a suggestion at most")
    chosen = parser.parse_args()
    if chosen.check:
        runs = on_vllm if chosen.engine == "vllm" else on_torch
        check(runs(chosen.people, lambda count: typing(count, chosen.seconds, chosen.written, random.Random(SEED))))
        return
    if chosen.steps:
        write, row, read, token = (one / 1000 for one in chosen.steps)
        for count in chosen.people:
            asked = typing(count, chosen.seconds, chosen.written, random.Random(SEED))
            p50, p95, share = told(asked, simulated(asked, Steps(write, row, read, token, 2048, chosen.rows)))
            print(f"{count:6} people: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, {share:.1%} in time")
        return
    goals = "".join(f"{f'p95 < {goal * 1000:.0f} ms':>15}" for goal in GOALS_S)
    print(f"{'':12} {'weights':>8} {'step, 1 text':>13} {'rows':>5}  people typing at once:{goals}")
    for gpu in GPUS:
        for bits, name in ((16, "bf16"), (8, "fp8"), (4.5, "int4")):
            if PARAMETERS * bits / 8 + 3e9 > gpu.memory:
                continue
            steps = assumed(gpu, bits)
            people = "".join(f"{carried(steps, chosen.written, goal):15}" for goal in GOALS_S)
            step_ms = (steps.write + steps.write_row) * 1000
            print(f"{gpu.name:12} {name:>8} {step_ms:10.1f} ms {steps.rows:5} {'':23}{people}")


Run = tuple[Steps, list[Asked], list[float | None]]


def on_torch(people: Sequence[int], typing_of: Callable[[int], list[Asked]]) -> Iterator[Run]:
    """The keys of so many people at the engine on torch: the steps that were measured, the requests, and when each was answered."""
    from evals.capacity_run import measured_steps, model, ran

    loaded = model()
    steps = measured_steps(loaded)
    for count in people:
        asked = typing_of(count)
        yield steps, asked, ran(loaded, asked)


def on_vllm(people: Sequence[int], typing_of: Callable[[int], list[Asked]]) -> Iterator[Run]:
    """The same at vLLM."""
    from evals.capacity_vllm import all_typed

    yield from asyncio.run(all_typed([typing_of(count) for count in people]))


def check(runs: Iterable[Run]) -> None:
    """The same keys at the real engine and in the simulation."""
    for number, (steps, asked, ends) in enumerate(runs):
        if not number:
            print(
                f"measured: a pass {steps.write * 1000:.1f} ms and {steps.write_row * 1000:.2f} a text; a piece {steps.read * 1000:.1f} ms and {steps.read_token * 1000:.2f} a token"
            )
            print(
                f"{'people':>6} {'requests':>9} {'real p50':>10} {'p95':>8} {'in time':>8}   {'forecast p50':>12} {'p95':>8} {'in time':>8}"
            )
        count = len({one.who for one in asked})
        real, forecast = told(asked, ends), told(asked, simulated(asked, steps))
        print(
            f"{count:6} {len(asked):9} {real[0] * 1000:7.0f} ms {real[1] * 1000:5.0f} ms {real[2]:7.1%}   {forecast[0] * 1000:9.0f} ms {forecast[1] * 1000:5.0f} ms {forecast[2]:7.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
