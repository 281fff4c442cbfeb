"""Guided against unguided: is the name that the model writes behind a dot one that exists, and the one that stands there in truth?

`python -m evals.guiding [--count 200]` asks llama.cpp, `.venv-torch/bin/python -m evals.guiding --backend torch` the engine on torch, both with the model of the settings (the fallback model by default). The places are those of
`evals.members`, out of installed packages; those count at which the server would guide: jedi knows the receiver, and no other name can stand there. The prompt is the text before, the request greedy, once free and once held to jedi's names. The difference is paired, 95 % by
bootstrap. On torch the mask is timed too; on llama.cpp a token's time with and without.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import platformdirs

from analyzers.text import Snapshot
from assay import compose
from assay.assistant.suggest.popup import Popup
from assay.engine import processes, weights
from assay.engine.api import Request
from assay.engine.local import Local
from assay.folders import folders
from evals.members import UNSEEN, Place, interval, load, places
from evals.typing import SITE_PACKAGES

BEFORE = 800  # characters of prompt
TOKENS = 16  # no name of the places is longer
NAME = re.compile(r"\w+")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="places that jedi resolves")
    parser.add_argument("--backend", choices=("llamacpp", "torch"), default="llamacpp")
    chosen = parser.parse_args()
    files = load(UNSEEN)
    asked, looked = asyncio.run(_known(files, chosen.count))
    names = statistics.median(len(names) for _, names in asked)
    print(f"{len(asked)} places of {looked} are guided; {names:.0f} names at the median one")
    asyncio.run(_compared(chosen.backend, files, asked))
    if chosen.backend == "torch":
        _masks([names for _, names in asked])


async def _known(files: dict[str, str], count: int) -> tuple[list[tuple[Place, tuple[str, ...]]], int]:
    """The places with the names that the server knows there, with the rest of the line cut off; and how many were looked at."""
    where = folders()
    bench = compose.workbench(compose.load_settings(where)[0], where)
    popup = Popup()
    asked: list[tuple[Place, tuple[str, ...]]] = []
    looked = 0
    for place in places(files, count * 4):
        looked += 1
        text, path = files[place.file], SITE_PACKAGES / place.file
        end = text.find("\n", place.offset)
        cut = text[: place.offset] + (text[end:] if end >= 0 else "")
        names = await popup.behind_dot(
            bench,
            bench.projects.world(SITE_PACKAGES),
            Snapshot(path.as_uri(), str(path), looked, cut),
            place.offset,
            patience_s=5,
        )
        if names:
            asked.append((place, names))
        if len(asked) == count:
            break
    popup.close()
    await compose.close(bench)
    return asked, looked


async def _compared(backend: Any, files: dict[str, str], asked: list[tuple[Place, tuple[str, ...]]]) -> None:
    cache = Path(platformdirs.user_cache_dir("assay"))
    engine = Local(processes.launch_for(weights.fallback_path(cache), cache / "run", 30, backend))
    rows: dict[str, list[tuple[bool, bool]]] = {"free": [], "guided": []}
    spent: dict[str, list[float]] = {"free": [], "guided": []}
    for place, names in asked:
        text = files[place.file]
        before = text[: place.offset][-BEFORE:]
        await _written(engine, Request(before, max_tokens=1))  # so that both find the prompt read
        for kind, given in (("free", ()), ("guided", names)):
            begun = time.perf_counter()
            written, tokens = await _written(engine, Request(before, max_tokens=TOKENS, names=given))
            spent[kind].append((time.perf_counter() - begun) / max(1, tokens))
            found = NAME.match(written)
            name = found[0] if found else ""
            rows[kind].append((name in names, name == place.truth))
            if kind == "guided" and name not in names:
                print(f"          guided, and not there: {name or written!r} behind {before[-30:]!r}")
    await engine.close()
    for kind, found in rows.items():
        count = len(found)
        print(
            f"{backend:9} {kind:7} exists {sum(one for one, _ in found):4} of {count}   is the one that stands there {sum(one for _, one in found) / count:6.1%}   "
            f"{statistics.median(spent[kind]) * 1000:.1f} ms a token"
        )
    low, high = interval([one for _, one in rows["guided"]], [one for _, one in rows["free"]])
    print(f"          guided − free: {low * 100:+.1f} to {high * 100:+.1f} points (paired, 95 %)")


async def _written(engine: Local, request: Request) -> tuple[str, int]:
    text, tokens = "", 0
    async with aclosing(engine.generate(request)) as chunks:
        async for chunk in chunks:
            text += chunk.text
            tokens += len(chunk.tokens)
    return text, tokens


def _masks(asked: list[tuple[str, ...]]) -> None:
    """How long the mask of a token takes, and the making of a guide."""
    import torch

    from assay.engine.torch_backend import model as models
    from assay.engine.torch_backend.guide import Guides

    loaded = models.load(weights.fallback_path(Path(platformdirs.user_cache_dir("assay"))), device=torch.device("cpu"))
    guides = Guides(loaded)
    guides.names(["warm"])
    makes, masks = [], []
    for names in asked:
        begun = time.perf_counter()
        guide = guides.names(names)
        makes.append(time.perf_counter() - begun)
        for token in loaded.ids(names[len(names) // 2] + "(x)"):
            begun = time.perf_counter()
            guide.allowed()
            masks.append(time.perf_counter() - begun)
            guide.took(token)
    print(
        f"          mask of a token p50 {statistics.median(masks) * 1000:.2f} ms, p95 {statistics.quantiles(masks, n=20)[-1] * 1000:.2f} ms; "
        f"a guide is made in {statistics.median(makes) * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
