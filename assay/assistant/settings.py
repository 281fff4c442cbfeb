"""Every setting in one table: name, default, one sentence. Docs, help and the editors' schemas are made from it.

Sources, weakest first: the table, the user's file, the environment, the editor. What comes of them a project's `[tool.assay]` may
tighten, and nothing else: it is untrusted.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from assay.engine.client import is_loopback

Policy = Literal["balanced", "strict", "eager", "static"]
Value = str | int | float | bool
# What a project may make of the user's policy: one that offers less. Who chose `static` wants nothing to be run, and no project changes that.
STRICTER: Mapping[Policy, tuple[Policy, ...]] = {
    "static": ("static",),
    "eager": ("eager", "balanced", "strict"),
    "balanced": ("balanced", "strict"),
    "strict": ("strict",),
}


class SettingsError(Exception):
    """A setting that cannot be used; the message names it, its value and what would be right."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `choices` for closed sets; `least` and `most` for numbers; `by_project` is how a project may change it."""

    name: str
    default: Value
    summary: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    by_project: Literal["never", "tighten"] = "never"

    @property
    def environment(self) -> str:
        """The variable that sets it: `engine.url` is ASSAY_ENGINE_URL."""
        return "ASSAY_" + self.name.upper().replace(".", "_")


TABLE: tuple[Setting, ...] = (
    Setting("engine.url", "", "URL of Ollama or of an OpenAI-compatible server; empty for the local engine of this machine."),
    Setting("engine.model", "", "Model name at that URL, or a GGUF file or a folder of safetensors for the local engine; empty for what the server has, or the fallback model."),
    Setting("engine.backend", "auto", "What runs the model: llama.cpp, torch, vLLM, or the server at `engine.url`; auto takes that server where one is named, else what `assay engine --bench` found to be faster here, else vLLM where it is and there is a GPU, else torch where there is a GPU.",
            choices=("auto", "torch", "llamacpp", "vllm", "remote")),
    Setting("engine.vllm", "", "Environment with vLLM in it, or its Python; empty for what `assay engine --install vllm` made, or the `vllm` on PATH."),
    Setting("engine.quantisation", "auto", "How the engine on torch, or vLLM (bf16 and fp8), holds weights; auto takes the best text that fits into memory.", choices=("auto", "bf16", "fp8", "int8", "int4")),
    Setting("engine.kv_cache", "auto", "How vLLM holds keys and values on a GPU: fp8 takes half of the memory, so twice as many texts fit; auto takes it where bf16 leaves too little room.", choices=("auto", "bf16", "fp8")),
    Setting("engine.adapters", "", "Folder with LoRA adapters, each in a folder of its own, that are served beside the model by the folder's name; empty for those of `assay tune`."),
    Setting("engine.adapter", "", "The adapter that suggestions are written with, by its name, or none; empty for what `assay model use` chose. At `engine.url` set `engine.model` to that name."),
    Setting("engine.dialect", "auto", "How prompts are written: auto, suffix, left-to-right, or a model family's name."),
    Setting("engine.api_key_file", "", "File that holds the API key for `engine.url`, readable only by you."),
    Setting("engine.ca_file", "", "PEM file with certificates to trust at `engine.url` beside the system's, for a shared engine with its own."),
    Setting("engine.script", "", "JSON file of scripted answers used instead of a model, for tests and demonstrations."),
    Setting("engine.idle_s", 600, "Seconds without a request after which the local engine ends, or Ollama frees the model; 0 keeps it.", least=0, most=86400),
    Setting("verify.policy", "balanced", "What is offered when proof is late or missing: balanced, strict, eager or static.",
            choices=get_args(Policy), by_project="tighten"),
    Setting("verify.budget_s", 60, "How long the tests of a change may run that you asked to be verified; what is left then is told.", least=1, most=3600),
    Setting("verify.map", True, "Record in the background which test enters which function, so that a change runs the tests that reach it and no others."),
    Setting("verify.deadline_ms.line", 400, "How long the tests of a line may run, from the moment a container is in hand, before it is offered as unverified.", least=50, most=60000),
    Setting("verify.deadline_ms.block", 1500, "The same for a block.", least=50, most=60000),
    Setting("verify.deadline_ms.function", 5000, "The same for a function body.", least=50, most=60000),
    Setting("sandbox.enabled", True, "Run suggestions in containers; off means that every suggestion stays unverified."),
    Setting("sandbox.engine_url", "", "Container engine's URL; empty tries DOCKER_HOST and the usual sockets."),
    Setting("sandbox.remote", False, "Use a container engine on another machine, to which your project's files are then sent; `offline` refuses it."),
    Setting("sandbox.image", "", "Sandbox image to use instead of the one `assay sandbox build` makes."),
    Setting("sandbox.images_gb", 10, "Room for Assay's images of packages, in GB: beyond it the longest unused go.", least=1, most=1000),
    Setting("sandbox.pool", 2, "Containers kept warm for the project.", least=1, most=16),
    Setting("project.environment", "", "Folder of the project's virtual environment, or its Python; empty looks where people's tools leave it (docs/projects.md)."),
    Setting("project.interpreter", "", "The Python that the editor has chosen for the project; VS Code passes on that of its Python extension."),
    Setting("project.fetch", True, "Fetch the packages of a project without an environment, as wheels from your own index, for its tests in containers; `offline` fetches nothing."),
    Setting("complete.enabled", True, "Offer completions at all.", by_project="tighten"),
    Setting("complete.samples", 3, "Candidates drawn at most, each only when the one before was not good enough; a line that was not likely enough gets no second one while you type.", least=1, most=8),
    Setting("complete.eagerness", 65, "How much is offered while you type, from 0 to 100: at 65, what is at least 35 % likely to be kept.", least=0, most=100),
    Setting("complete.manual", False, "Offer completions on request only, never while you type.", by_project="tighten"),
    Setting("complete.popup", "ranked", "Names in the completion popup: ranked by what the code nearby makes likely, all in jedi's order, or off.", choices=("ranked", "all", "off")),
    Setting("complete.guided", True, "Hold the name that the model writes behind a dot to those that jedi knows there, where the engine can be guided."),
    Setting("complete.ahead", True, "Have the model read what stands around the cursor while nothing is asked of it, so that the next suggestion comes at once; not on battery.", by_project="tighten"),
    Setting("complete.pace_ms", 10, "Least wait before a request reaches the engine; your typing rhythm makes it longer.", least=0, most=5000),
    Setting("hints.enabled", True, "Show hints about bugs at all.", by_project="tighten"),
    Setting("hints.rules", True, "Hints of class rule: what ruff finds under the project's own configuration; off where ruff's own server runs.", by_project="tighten"),
    Setting("hints.docstrings", True, "Hints of class rule where a docstring tells of a parameter that is gone, or of an exception that nothing raises.", by_project="tighten"),
    Setting("hints.proved", True, "Hints of class proved: failing tests, examples and calls of the project, run in the sandbox.", by_project="tighten"),
    Setting("hints.suspected", True, "Hints of class suspected: patterns of bugs that linters miss.", by_project="tighten"),
    Setting("hints.doubt", False, "Hints of class suspected where the model holds another form of the code for far likelier; for models that know more than the embedded one.", by_project="tighten"),
    Setting("hints.workspace", False, "Hints of classes rule and suspected on all files of the folder, also those that are not open, in editors that ask for them.", by_project="tighten"),
    Setting("hints.confidence", 70, "How sure a suspicion must be to be shown, in percent.", least=0, most=100),
    Setting("summaries.hover", True, "Show facts of a function or class in its hover: what it raises and changes, who calls it, which tests enter it.", by_project="tighten"),
    Setting("summaries.lens", False, "Show above each function which tests entered it when they passed last, and how many functions call it.", by_project="tighten"),
    Setting("tests.lens", False, "Show above each function and class a way to have tests of it made, and to see which small changes of it no test notices.", by_project="tighten"),
    Setting("context.tokens", 1024, "Tokens of context before and after the cursor that a prompt may hold.", least=64, most=65536),
    Setting("team.record", False, "Tell the team's server which suggestions were shown and what became of them, as hashes and numbers without any text; `assay login` turns it on where the server keeps a record."),
    Setting("team.texts", False, "Send the text of suggestions, too, where the team's server keeps it, encrypted; nothing is sent where it does not."),
    Setting("trace.keep", 200, "Requests that `assay why` remembers.", least=0, most=10000),
    Setting("offline", False, "Open no socket but loopback and Unix ones; refuse everything that would.", by_project="tighten"),
)  # fmt: skip
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in TABLE}


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked values by name, and where each that is not the default came from."""

    values: Mapping[str, Value]
    sources: Mapping[str, str]

    def text(self, name: str) -> str:
        """A setting's value as text; the name must be in the table."""
        return str(self.values[name])

    def number(self, name: str) -> float:
        """A number's value in the setting's own unit."""
        return float(self.values[name])

    def is_on(self, name: str) -> bool:
        """A switch's value."""
        return bool(self.values[name])

    @property
    def policy(self) -> Policy:
        """The verification policy."""
        return self.values["verify.policy"]  # type: ignore[return-value]  # checked against its choices by `check`

    def deadline_s(self, kind: str) -> float:
        """Seconds that the tests may take at a site of this kind, from the moment a container is in hand; 0 where nothing is written."""
        return float(self.values.get(f"verify.deadline_ms.{kind}", 0)) / 1000


def load(user_file: Path, *, roots: Sequence[Path] = (), editor: object = None) -> tuple[Settings, tuple[str, ...]]:
    """Merge all sources, the projects at `roots` last, each of which may only tighten; a value that cannot be used is left out and named in the second result."""
    complaints: list[str] = []
    values: dict[str, Value] = {s.name: s.default for s in TABLE}
    sources: dict[str, str] = {}

    def take(found: Mapping[str, object], source: str) -> None:
        for name, value in found.items():
            try:
                values[name] = check(name, value)
                sources[name] = source
            except SettingsError as error:
                complaints.append(f"{source}: {error}")

    take(_file(user_file, (), complaints), str(user_file))
    take(_environment(os.environ), "environment")
    take(flatten(editor), "editor")
    for root in roots:
        project = _file(root / "pyproject.toml", ("tool", "assay"), complaints)
        take(_tightened(project, values, complaints), "pyproject.toml")
    if values["offline"] and not _stays_here(str(values["engine.url"])):
        complaints.append("engine.url: left out, because `offline` is on and it is not on this machine")
        values["engine.url"] = ""
    return Settings(values, sources), tuple(complaints)


def flatten(value: object, prefix: str = "") -> dict[str, object]:
    """Nested tables to dotted names, known tables only: `{"engine": {"url": …}}` to `engine.url`."""
    flat: dict[str, object] = {}
    if not isinstance(value, Mapping):
        return flat
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping) and name not in BY_NAME:
            flat |= flatten(item, f"{name}.")
        elif name == "verify.deadline_ms":
            flat |= {f"{name}.{kind}": item for kind in ("line", "block", "function")}
        elif item is not None:
            flat[name] = item
    return flat


def shown(value: Value) -> str:
    """A value as TOML writes it."""
    return json.dumps(value)


def schema() -> dict[str, Any]:
    """JSON schema of the object `assay` that editors send."""
    return {
        s.name: {"type": _JSON[type(s.default)], "default": s.default, "description": s.summary}
        | ({"enum": list(s.choices)} if s.choices else {})
        | ({"minimum": s.least} if s.least is not None else {})
        | ({"maximum": s.most} if s.most is not None else {})
        for s in TABLE
    }


_JSON = {str: "string", int: "number", float: "number", bool: "boolean"}


def check(name: str, value: object) -> Value:
    """`value` if it may be what `name` is set to; raises SettingsError with what would be right."""
    setting = BY_NAME.get(name)
    if setting is None:
        raise SettingsError(f"{name} is not a setting. See `assay settings`.")
    if isinstance(setting.default, bool):
        if not isinstance(value, bool):
            raise SettingsError(f"{name} is {json.dumps(value)}, and must be true or false.")
        return value
    if isinstance(setting.default, int):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingsError(f"{name} is {json.dumps(value)}, and must be a number.")
        if not (setting.least or 0) <= value <= (setting.most or value):
            raise SettingsError(f"{name} is {value}, and must be from {setting.least:g} to {setting.most:g}.")
        return value
    if not isinstance(value, str):
        raise SettingsError(f"{name} is {json.dumps(value)}, and must be text.")
    if setting.choices and value not in setting.choices:
        raise SettingsError(f"{name} is {value!r}, and must be one of {', '.join(setting.choices)}.")
    return value


def _file(path: Path, table: tuple[str, ...], complaints: list[str]) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        found: Any = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        complaints.append(f"{path} cannot be read ({error})")
        return {}
    for key in table:
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return flatten(found)


def _environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for setting in TABLE:
        text = environ.get(setting.environment)
        if text is None:
            continue
        found[setting.name] = text if isinstance(setting.default, str) else _literal(text)
    for kind in ("line", "block", "function"):
        if (text := environ.get("ASSAY_VERIFY_DEADLINE_MS")) is not None:
            found.setdefault(f"verify.deadline_ms.{kind}", _literal(text))
    return found


def _literal(text: str) -> object:
    try:
        return json.loads(text.lower())
    except ValueError:
        return text


def _tightened(found: Mapping[str, object], now: Mapping[str, Value], complaints: list[str]) -> dict[str, object]:
    """What a project may have of its wishes: only a stricter policy, only less, never where prompts go."""
    allowed: dict[str, object] = {}
    for name, value in found.items():
        setting = BY_NAME.get(name)
        if setting is None or setting.by_project == "never":
            complaints.append(f"pyproject.toml: {name} cannot be set by a project")
        elif name == "verify.policy":
            if value in STRICTER[str(now[name])]:  # type: ignore[index]  # checked against its choices by `check`
                allowed[name] = value
            else:
                complaints.append(f"pyproject.toml: {name} can only be made stricter by a project")
        elif value is (name in ("offline", "complete.manual")):
            allowed[name] = value
        else:
            complaints.append(f"pyproject.toml: {name} can only be tightened by a project")
    return allowed


def _stays_here(url: str) -> bool:
    try:
        return not url or is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # what is no URL is on no machine
        return False
