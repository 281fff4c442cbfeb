"""What a request allows is all that is written, and the mask costs little."""

from __future__ import annotations

import re

import pytest

from assay.engine.api import EngineError
from assay.engine.torch_backend.answers import Desk
from assay.engine.torch_backend.guide import Guides
from assay.engine.torch_backend.model import Loaded


async def text_of(desk: Desk, **body: object) -> str:
    return "".join(
        [one.text async for one in desk.complete({"prompt": "x = ", "max_tokens": 40, "temperature": 0, **body})]
    )


@pytest.mark.parametrize("choice", [["yes", "no"], ["append", "appendleft"], ["übermäßig"]])
async def test_a_choice_is_one_of_the_texts(desk: Desk, choice: list[str]) -> None:
    assert await text_of(desk, structured_outputs={"choice": choice}) in choice


async def test_a_regex_and_a_grammar_hold_for_the_whole_text(desk: Desk) -> None:
    number = await text_of(desk, structured_outputs={"regex": "[0-9]{3,5}"}, temperature=1, seed=4)
    assert number.isdigit() and 3 <= len(number) <= 5
    assert await text_of(desk, structured_outputs={"grammar": 'start: "(" inner ")"\ninner: "a" | "b"'}) in (
        "(a)",
        "(b)",
    )


async def test_what_must_come_first_comes_first_and_the_rest_is_free(desk: Desk) -> None:
    for start in ("abspa", "    return ", "ü", "'\\n"):
        text = await text_of(desk, must_start=start)
        assert text.startswith(start) and len(text) > len(start)


async def test_a_name_is_one_of_those_as_a_whole_and_the_rest_is_free(desk: Desk) -> None:
    names = ["append", "appendleft", "pop_all"]
    for seed in range(6):
        text = await text_of(desk, names=names, temperature=1, seed=seed)
        found = re.match(r"\w+", text, re.ASCII)
        assert found is not None and found[0] in names
    many = [f"name_{number}" for number in range(500)]
    assert (await text_of(desk, names=many)).startswith("name_")


def test_tokens_that_are_no_text_are_not_allowed(tiny: Loaded) -> None:
    guide = Guides(tiny).choice(["yes", "no"])
    allowed = {int(one) for one in guide.allowed().nonzero()}
    texts = {tiny.tokenizer.decode([one]) for one in allowed}
    assert texts <= {"y", "ye", "yes", "n", "no"} and {"yes", "no"} <= texts
    guide.took(tiny.ids("no")[0])
    assert {int(one) for one in guide.allowed().nonzero()} <= tiny.ends
    guide.took(tiny.ids("no")[0])  # against the guide: it loses its way, and bars nothing
    assert bool(guide.allowed().all())


def test_what_is_no_grammar_is_one_sentence(tiny: Loaded) -> None:
    with pytest.raises(EngineError) as seen:
        Guides(tiny).grammar("start: nonesuch")
    assert "\n" not in str(seen.value)
