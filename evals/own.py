"""Make a run the embedded model's own adapter, which comes with Assay: `python -m evals.own RUN`, RUN being a folder of `state/tune/runs`.

    assay tune prepare --list assay/tune/default.toml --name default --rows 24000 --seed 3
    assay tune run default --minutes 150 --background --dialect taught
    python -m evals.taught DATA --adapter RUN/made/default && python -m evals.own RUN

Only what the gate found to be better, for the embedded model, in at most MOST bytes: what llama.cpp reads, the manifest, the table and the card.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from assay.engine import adapters, weights
from assay.tune import way
from assay.tune.training.plan import MADE

MOST = 40_000_000  # bytes of the folder
FILES = (adapters.GGUF, adapters.MANIFEST, way.GATE, way.CARD)


def main(run: Path) -> int:
    """The exit status."""
    made = run / MADE / run.name
    told, one = way.result(made), adapters.read(made)
    size = sum((made / name).stat().st_size for name in FILES)
    if not told["better"] or one.base != weights.SHA256 or size > MOST:
        print(f"Not shipped: {told['why']} For {one.base_name}, {size / 1e6:.1f} MB.")
        return 1
    shutil.rmtree(adapters.OWN, ignore_errors=True)
    adapters.OWN.mkdir()
    for name in FILES:
        shutil.copyfile(made / name, adapters.OWN / name)
    print(f"{adapters.OWN}: {size / 1e6:.1f} MB. {told['why']}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.own")
    parser.add_argument("run", type=Path)
    sys.exit(main(parser.parse_args().run))
