"""A call with what it is expected to give. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..trials.answers import Answer

Source = Literal["documented", "today", "changed", "asked"]


@dataclass(frozen=True, slots=True)
class Row:
    """A call with what it is expected to give, and where that is from: a docstring, the code as it is today, a change that made it so, or somebody who asked for the function."""

    call: str
    answer: Answer
    source: Source
