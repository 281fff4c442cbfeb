"""How a fill-in-the-middle prompt is written for each family of models. Data; the formats are the models' own.

Markers are stripped out of user text before they are used, so that a file about models cannot steer one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .api import Engine


@dataclass(frozen=True, slots=True)
class Dialect:
    """`template` has {prefix} and {suffix} once each, or no {suffix} for models that only continue.

    `markers` must each be one token of the model; `families` are lower-case parts of model names that speak it.
    """

    name: str
    template: str
    markers: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    sends_suffix_apart: bool = False

    @property
    def goes_on_behind(self) -> bool:
        """Whether the suffix stands between the prefix and the place where the model goes on."""
        return self.template.find("{suffix}") > self.template.find("{prefix}")

    @property
    def ends_with_prefix(self) -> bool:
        """Whether the model goes on right where the prefix ends, with no marker between, as in text that has none."""
        return self.template.endswith("{prefix}")


LEFT_TO_RIGHT = Dialect("left-to-right", "{prefix}")
SUFFIX = Dialect("suffix", "{prefix}", sends_suffix_apart=True)

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "qwen",
        "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|endoftext|>"),
        ("qwen2.5-coder", "qwen2-coder", "codeqwen", "qwen3-coder"),
    ),
    Dialect(
        "starcoder",
        "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>",
        ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<|endoftext|>"),
        ("starcoder", "stable-code", "refact"),
    ),
    Dialect(
        "mellum",
        "<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>",
        ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|endoftext|>"),
        ("mellum",),
    ),
    Dialect(
        "seed-coder",
        "<[fim-suffix]>{suffix}<[fim-prefix]>{prefix}<[fim-middle]>",
        ("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"),
        ("seed-coder",),
    ),
    Dialect(
        "codegemma",
        "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>"),
        ("codegemma",),
    ),
    Dialect(
        "deepseek",
        "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>",
        ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
        ("deepseek-coder",),
    ),
    Dialect(
        "codellama",
        "<PRE> {prefix} <SUF>{suffix} <MID>",
        ("<PRE>", "<SUF>", "<MID>", "<EOT>"),
        ("codellama",),
    ),
    # Tokens that SmolLM2 was never trained with: markers for those who teach it some (`assay tune`). No model speaks it by its name. The prefix is last, without
    # a marker behind it: a model that can only go on begins with what it can do, and has to learn what the text before that is for.
    Dialect(
        "taught",
        "<jupyter_text>{suffix}<jupyter_start>{prefix}",
        ("<jupyter_start>", "<jupyter_text>", "<jupyter_code>"),
    ),
    SUFFIX,
    LEFT_TO_RIGHT,
)

MARKER = re.compile("|".join(sorted({re.escape(m) for d in DIALECTS for m in d.markers}, key=len, reverse=True)))


def by_name(name: str) -> Dialect:
    """The dialect of this name; left-to-right for one that we do not know."""
    return next((d for d in DIALECTS if d.name == name), LEFT_TO_RIGHT)


def choose(setting: str, model: str) -> Dialect:
    """The dialect by its name, or for "auto" by the model's; a model we do not know gets left-to-right."""
    if setting != "auto":
        return by_name(setting)
    known = re.sub(r"[\s_]", "-", model.lower())
    return next((d for d in DIALECTS if any(family in known for family in d.families)), LEFT_TO_RIGHT)


async def spoken(engine: Engine, setting: str) -> Dialect:
    """The dialect for an engine's model, by `engine.dialect`. Left-to-right where a marker of the template is not one token of the
    model, as far as the engine can say: a model that reads markers as text writes them as text. A model of no known family that the
    server can insert with gets the suffix apart. Raises EngineError where the model cannot be asked for its name."""
    wanted = by_name(engine.taught) if setting == "auto" and engine.taught else choose(setting, await engine.model())
    used = [marker for marker in wanted.markers if marker in wanted.template]
    if any([await engine.is_token(marker) is False for marker in used]):
        wanted = LEFT_TO_RIGHT
    return SUFFIX if setting == "auto" and wanted is LEFT_TO_RIGHT and await engine.inserts() else wanted


def strip_markers(text: str) -> str:
    """`text` without any dialect's control markers."""
    return MARKER.sub("", text)


def render(dialect: Dialect, prefix: str, suffix: str, begun: str = "") -> tuple[str, str | None]:
    """The prompt, and the suffix where it is sent apart. `begun` is what stands in the gap already."""
    prefix, suffix, begun = strip_markers(prefix), strip_markers(suffix), strip_markers(begun)
    prompt = dialect.template.replace("{prefix}", "\0").replace("{suffix}", suffix).replace("\0", prefix) + begun
    return prompt, suffix if dialect.sends_suffix_apart else None
