"""The real run behind `evals.capacity --check`: simulated people's keys at the engine on torch, which serves one at a time, on a model of random weights (what is written does not matter, when does)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs
import torch
import transformers

from assay.engine import weights
from assay.engine.service import default_threads
from assay.engine.torch_backend import model as models
from assay.engine.torch_backend.decode import PIECE, Decoder
from assay.engine.torch_backend.line import Ended, Event, Job, Line
from assay.engine.torch_backend.model import Loaded
from assay.engine.torch_backend.text import Pieces
from evals.capacity import SEED, Asked, Steps

KEPT = 600  # tokens of each person's prompt that are kept


def model() -> Loaded:
    """Small enough that a CPU carries several people."""
    torch.set_num_threads(default_threads())
    torch.manual_seed(SEED)
    path = weights.fallback_path(Path(platformdirs.user_cache_dir("assay")))
    tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name, local_files_only=True)
    config = transformers.LlamaConfig(
        vocab_size=8192, hidden_size=256, intermediate_size=704, num_hidden_layers=6, num_attention_heads=8, num_key_value_heads=4,
        max_position_embeddings=4096, bos_token_id=1, eos_token_id=2, tie_word_embeddings=True,
    )  # fmt: skip
    device = torch.device("cpu")
    dtype = models.dtype_for(device)
    made = transformers.LlamaForCausalLM(config).to(dtype).eval()
    return Loaded(made, tokenizer, "random", device, dtype, 4000, frozenset(), "bf16")


def measured_steps(loaded: Loaded) -> Steps:
    """A token written, and pieces of 16 and of 128 tokens."""
    torch._dynamo.reset()  # a decoder's shapes are its own, and torch compiles a function for eight of them at most
    decoder, chance = Decoder(loaded), random.Random(SEED)
    decoder.warm()
    kept = [chance.randrange(8000) for _ in range(KEPT)]
    for at in range(0, KEPT, PIECE):
        decoder.read(kept[at : at + PIECE])

    def read(tokens: int) -> float:
        def once() -> None:
            decoder.begin([*kept, 0])
            decoder.read([chance.randrange(8000) for _ in range(tokens)])

        return _median(once)

    read(1), read(16), read(PIECE)  # kernels are made
    one, short, long = read(1), read(16), read(PIECE)
    token = (long - short) / (PIECE - 16)
    return Steps(one, 0.0, short - 16 * token, token, PIECE, 1)


def _median(once: Callable[[], object]) -> float:
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        once()
        times.append(time.perf_counter() - begun)
    return sorted(times)[7]


def ran(loaded: Loaded, asked: Sequence[Asked]) -> list[float | None]:
    """The keys in real time; for each request the seconds to its end, None where it was cancelled before."""
    decoder = Decoder(loaded, copies=len({one.who for one in asked}))
    decoder.warm()
    line = Line(decoder)
    chance = random.Random(SEED)
    kept = {one.who: [chance.randrange(8000) for _ in range(KEPT)] for one in asked}
    for ids in kept.values():  # everybody's prompt was read before
        _wait(line, ids)
    ends: list[float | None] = [None] * len(asked)
    begun = time.monotonic()
    timers = []
    for index, one in enumerate(asked):
        _until(begun + one.at)
        job = _job(loaded, one, kept, chance, ends, index, begun)
        line.submit(job)
        timer = threading.Timer(begun + one.until - time.monotonic(), line.cancel, (job,))
        timer.daemon = True
        timer.start()
        timers.append(timer)
    while line.is_busy:
        time.sleep(0.02)
    for timer in timers:
        timer.cancel()
    line.close()
    return ends


def _job(
    loaded: Loaded,
    one: Asked,
    kept: dict[int, list[int]],
    chance: random.Random,
    ends: list[float | None],
    index: int,
    begun: float,
) -> Job:
    new = [chance.randrange(8000) for _ in range(one.read)]
    ids = new if one.read > KEPT else kept[one.who] + new
    decode = loaded.tokenizer.backend_tokenizer.decode

    def emit(event: Event) -> None:
        if isinstance(event, Ended) and event.why in ("stop", "length"):
            ends[index] = time.monotonic() - begun - one.at

    return Job(ids, emit, Pieces(decode, ids, ()), one.write)


def _wait(line: Line, ids: list[int]) -> None:
    done = threading.Event()
    job = Job(ids, lambda event: done.set() if isinstance(event, Ended) else None, Pieces(str, (), ()), 1)
    line.submit(job)
    done.wait(30)


def _until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
