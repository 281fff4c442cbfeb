"""The curves of a run as a picture: what was learned at each step, smoothed, and the looks at held-out samples."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pygal

from .plan import CURVES, LOSSES

# It leaves a hook for plug-ins in the way of every later import, of a kind that Python no longer knows.
sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != pygal.__name__]

SMOOTH = 0.9  # of the mean so far stays with each step
POINTS = 200


def rows(folder: Path) -> list[dict[str, Any]]:
    """What was noted, as it was noted; a line that was not written to its end says nothing."""
    try:
        lines = (folder / LOSSES).read_text("utf-8").splitlines()
    except OSError:
        return []
    found = list[dict[str, Any]]()
    for line in lines:
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def losses(folder: Path) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Of the steps and of the looks, in nats a token; empty where nothing was noted yet."""
    steps, looks = list[tuple[int, float]](), list[tuple[int, float]]()
    for row in rows(folder):
        if "held" in row:
            looks.append((int(row["step"]), float(row["held"])))
        else:
            steps.append((int(row["step"]), float(row["loss"])))
    return steps, looks


def draw(folder: Path) -> Path:
    """Write the picture."""
    steps, looks = losses(folder)
    smooth, mean = list[tuple[int, float]](), None
    for step, loss in steps:
        mean = loss if mean is None else SMOOTH * mean + (1 - SMOOTH) * loss
        smooth.append((step, mean))
    every = max(1, len(smooth) // POINTS)
    chart = pygal.XY(
        title="nats a token, by step", show_dots=False, stroke_style={"width": 2}, js=[], disable_xml_declaration=True
    )
    chart.add("learned (smoothed)", smooth[::every])
    chart.add("held out", looks, show_dots=True)
    (folder / CURVES).write_text(chart.render(is_unicode=True), "utf-8")
    return folder / CURVES
