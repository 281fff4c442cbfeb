"""Where this user's files are. Loads next to nothing: a server that an editor starts asks for its log's place first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folders:
    """Where this user's files are: all safe to delete but `config`, and the adapters in `state`."""

    config: Path
    cache: Path
    state: Path
    runtime: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def images_file(self) -> Path:
        return self.cache / "images.json"

    @property
    def images_used_file(self) -> Path:
        return self.cache / "images-used.json"

    @property
    def adapters(self) -> Path:
        """LoRA adapters, each in a folder of its own."""
        return self.state / "adapters"

    @property
    def chosen_file(self) -> Path:
        return self.adapters / "chosen.json"

    @property
    def traces_file(self) -> Path:
        return self.state / "traces.jsonl"


def folders() -> Folders:
    """This user's folders; ASSAY_HOME puts all of them below one folder."""
    if home := os.environ.get("ASSAY_HOME"):
        base = Path(home).expanduser().absolute()
        return Folders(base / "config", base / "cache", base / "state", base / "run")
    import platformdirs

    cache = Path(platformdirs.user_cache_dir("assay"))
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Folders(
        Path(platformdirs.user_config_dir("assay")),
        cache,
        Path(platformdirs.user_state_dir("assay")),
        Path(runtime) / "assay" if runtime else cache / "run",
    )
