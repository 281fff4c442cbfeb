"""Charts as SVG pictures of their own: no script in them, and colours that go with light and dark. The same numbers stand in a table beside each."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date

import pygal
from pygal.style import Style

# It leaves a hook for plug-ins in the way of every later import, of a kind that Python no longer knows.
sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != pygal.__name__]

# Three that are told apart by whoever sees no red or green, and on light and dark (Okabe and Ito's).
COLOURS = ("#0072B2", "#E69F00", "#CC79A7")
_SCRIPT = re.compile(r"<script[^>]*>.*?</script>|<script[^>]*/>|<!--.*?-->", re.DOTALL)
_DARK = "<style>text{fill:#333!important;font-family:system-ui,sans-serif!important}@media (prefers-color-scheme:dark){text{fill:#ddd!important}.guide.line,.axis path{stroke:#555!important}}</style>"


def stacked(days: Sequence[date], rows: Mapping[str, Sequence[int]]) -> bytes:
    """Counts by day, one above the other."""
    chart = pygal.StackedBar(**_form(max_scale=5))
    _days(chart, days)
    for name, values in rows.items():
        chart.add(name, list(values))
    return _picture(chart)


def bars(days: Sequence[date], name: str, values: Sequence[int]) -> bytes:
    """Counts by day."""
    chart = pygal.Bar(**_form(max_scale=5, show_legend=False))
    _days(chart, days)
    chart.add(name, list(values))
    return _picture(chart)


def _form(**told: object) -> dict[str, object]:
    style = Style(background="transparent", plot_background="transparent", colors=COLOURS, opacity="1", transition="0s", label_font_size=11, major_label_font_size=11, legend_font_size=12, no_data_font_size=16)  # fmt: skip
    usual: dict[str, object] = {"style": style, "width": 720, "height": 220, "js": [], "disable_xml_declaration": True, "legend_at_bottom": True, "legend_at_bottom_columns": 3, "legend_box_size": 10, "margin": 4, "show_y_guides": True, "no_data_text": "Nothing yet", "truncate_label": 10}  # fmt: skip
    return usual | told


def _days(chart: pygal.graph.graph.Graph, days: Sequence[date]) -> None:
    chart.x_labels = [f"{one:%m-%d}" for one in days]
    step = max(1, len(days) // 10)
    chart.x_labels_major = chart.x_labels[::step]
    chart.show_minor_x_labels = False


def _picture(chart: pygal.graph.graph.Graph) -> bytes:
    told = chart.render()
    text = told if isinstance(told, str) else told.decode()
    return _SCRIPT.sub("", text).replace("</defs>", f"</defs>{_DARK}", 1).encode()
