"""`assay.rejected`: what somebody has dismissed is not offered again, in whichever way it would come."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.assistant.complete.path import complete
from assay.assistant.complete.way import Typing
from tests.unit.conftest import Make
from tests.unit.test_path import ask

LIST = "def f(a, b):\n    found = []\n    found.append(a)\n    found.append(b)\n    found.app‸\n"


@pytest.mark.parametrize(
    ("model", "sure", "marked", "trigger"),
    [
        ("a + b", None, "def f(a, b):\n    return ‸\n", "invoked"),
        ("math.sqrt(a)", None, "def f(a):\n    return ‸\n", "invoked"),
        ("return math.sqrt(a)", None, "def f(a):\n    ‸\n", "invoked"),
        ("count if count > limit_of_it and flags else 0", -0.35, "def f(count, limit_of_it, flags):\n    return ‸\n", "automatic"),
        ("end(a)", -9.0, LIST, "automatic"),
    ],
    ids=["as it came", "with an import at the top", "with an import in front", "its beginning", "from the code nearby"],
)  # fmt: skip
async def test_it_is_not_offered_again(
    make: Make, tmp_path: Path, model: str, sure: float | None, marked: str, trigger: str
) -> None:
    bench, typing = make(model, logprob=sure, verify__policy="static", complete__samples=1), Typing()
    request = ask(tmp_path, marked, trigger)
    (first,) = (await complete(bench, typing, request)).suggestions
    typing.offers.dismiss(first.id)
    second = await complete(bench, typing, request)
    assert first.text not in [s.text for s in second.suggestions]
    assert "dismissed" in [d.stage for d in second.dropped]
    typing.close()
