"""Ask a real model what it would write at places of packages: `python -m evals.gather FILE [COUNT]`.

The rows are for `python -m evals.fit FILE`. The engine is the one of the user's settings, the embedded model by default; it takes one to two
seconds a place on two cores, and half of the places can be completed. It may be ended early. Nothing is run but the model.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from contextlib import aclosing
from pathlib import Path

from analyzers import site as sites
from analyzers.text import Snapshot
from assay import compose
from assay.assistant.drafting import anchor, prompt, sources
from assay.engine import dialects
from assay.engine.api import Engine, Token
from assay.folders import folders
from evals import typing

PLACES = 600
TOKENS = 512  # of context: half the default of `context.tokens`, in a third of its time


async def main(file: Path, count: int) -> None:
    """Write one row a place; a place where nothing can be completed has none."""
    where = folders()
    settings, _ = compose.load_settings(where)
    engine = compose.engine(settings, where)
    dialect = await dialects.spoken(engine, settings.text("engine.dialect"))
    chance, made = random.Random(9), 0
    with file.open("w", encoding="utf-8") as rows:
        places = list(typing.cut_out(typing.SITE_PACKAGES, count, seed=6, packages=typing.PACKAGES))
        chance.shuffle(places)  # so that it can be ended early and still has all packages
        for one in places:
            row = await _row(engine, dialect, one, chance.randrange(len(one.text)))
            if row is None:
                continue
            rows.write(json.dumps(row) + "\n")
            made += 1
            rows.flush()
            print(f"\r{made} of at most {len(places)}", end="", flush=True)
    print()
    await engine.close()


async def _row(engine: Engine, dialect: dialects.Dialect, one: typing.Insertion, at: int) -> dict[str, object] | None:
    before, after = one.before + one.text[:at], one.text[at:] + one.after
    rest_of_line, _, _ = after.partition("\n")
    snapshot = Snapshot("", "", 0, before + one.after)
    site = sites.at(snapshot, len(before))
    if site.kind == "none" or not rest_of_line.strip():
        return None
    asked = prompt.build(snapshot, len(before), site, anchor.Form(dialect, anchor.Lead(), TOKENS))
    request = sources.request(asked, site)
    tokens: list[Token] = []
    text, is_over = "", sources.Ending(site, asked.healed, 0.0)
    async with aclosing(engine.generate(request)) as chunks:
        async for chunk in chunks:
            tokens += chunk.tokens
            text += chunk.text
            if is_over(text):
                break
    return {
        "package": one.package,
        "before": before,
        "after": one.after,
        "truth": one.text[at:],
        "healed": asked.healed,
        "tokens": [[token.text, round(token.logprob, 4)] for token in tokens],
    }


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else PLACES))
