"""Fixtures that tests share, and `--update` for the goldens of case files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: tests wait for containers and servers, too."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the goldens of case files with what came out")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has folders of its own, and none of the developer's settings."""
    folder = tmp_path_factory.mktemp("home")
    for name in [n for n in os.environ if n.startswith("ASSAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASSAY_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """Outside material; a user's clone does not have it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the outside data is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def docker_url() -> str:
    """A container engine with the sandbox image; `make test` provides it where it can."""
    from sandbox import build, engine
    from sandbox.api import SandboxUnavailable

    try:
        client = engine.connect()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    is_built = build.is_built(client)
    client.close()
    if not is_built:
        pytest.skip("the sandbox image is not built: run `assay sandbox build`")
    return engine.candidates()[0]


@pytest.fixture(scope="session")
def model() -> Path:
    """The fallback model of this machine; `make test` fetches it."""
    import platformdirs

    from assay.engine import weights

    path = weights.fallback_path(Path(platformdirs.user_cache_dir("assay")))
    if not path.is_file():
        pytest.skip("the fallback model is not here: run `assay setup`")
    return path


@dataclass(frozen=True)
class Case:
    """A scenario file: a paragraph with the claim, then named sections."""

    path: Path
    claim: str
    sections: dict[str, str]

    def golden(self, names: tuple[str, ...], came_out: dict[str, str], *, update: bool) -> None:
        """Compare the sections `names` with what came out, or rewrite them."""
        if not update:
            assert came_out == {name: text for name, text in self.sections.items() if name in names}
            return
        sections = {name: text for name, text in self.sections.items() if name not in names} | came_out
        body = "".join(f"=== {name}\n{text}\n" for name, text in sections.items())
        self.path.write_text(f"{self.claim}\n{body}")


def cases(group: str) -> list[object]:
    """The case files of a folder as pytest parameters, by their names."""
    found = []
    for path in sorted((ROOT / "tests" / "cases" / group).glob("*.case")):
        claim, *parts = path.read_text("utf-8").split("\n=== ")
        sections = {}
        for part in parts:
            name, _, text = part.partition("\n")
            sections[name] = text.removesuffix("\n")
        found.append(pytest.param(Case(path, claim, sections), id=path.stem))
    return found


def cursor(text: str) -> tuple[str, int]:
    """A text with its cursor mark taken out, and the mark's offset."""
    return text.replace("‸", ""), text.index("‸")
