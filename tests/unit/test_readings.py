"""What an engine is believed to have read, and what a prompt may have while somebody waits for it."""

from __future__ import annotations

import pytest

from assay.assistant.drafting import readings
from assay.assistant.drafting.anchor import CHARS_PER_TOKEN
from assay.assistant.drafting.readings import Readings

TEXT = "x" * 300


def test_what_was_read_is_known_by_its_beginning_and_its_document() -> None:
    read = Readings()
    read.note("u", TEXT, 1.0)
    assert read.missing("u", TEXT) == 0
    assert read.missing("u", TEXT + "abc") == 1
    assert read.missing("u", "x" * 30 + "y" * 30) == 30 // CHARS_PER_TOKEN
    assert read.missing("v", TEXT) == 300 // CHARS_PER_TOKEN
    read.close_document("u")
    assert read.known("u", TEXT) == 0


def test_a_part_counts_as_far_as_it_was_read_and_takes_nothing_away() -> None:
    read = Readings()
    for share, known in ((0.0, 0), (0.5, 150), (0.25, 150), (1.0, 300), (0.1, 300)):
        read.note("u", TEXT, share)
        assert read.known("u", TEXT) == known


def test_the_latest_prompts_and_documents_are_remembered() -> None:
    read = Readings()
    for letter in "abcd":
        read.note("u", letter * 9, 1.0)
    assert [read.known("u", letter * 9) for letter in "abcd"] == [0, 9, 9, 9]
    for number in range(readings.DOCUMENT_LIMIT):
        read.note(f"v{number}", TEXT, 1.0)
    assert read.known("u", "d" * 9) == 0


def test_the_speed_is_a_running_mean_in_which_much_tells_more_than_little() -> None:
    read = Readings()
    assert (read.is_known, read.tokens_per_s) == (False, readings.SLOW)
    read.took(readings.TELLING - 1, 0.001, 5.0)
    read.took(100, 0.0, 5.0)
    assert not read.is_known
    read.took(100, 1.0, 5.0)
    assert read.tokens_per_s == pytest.approx(100)
    assert read.room == readings.LEAST
    read.took(2000, 0.5, 6.0)
    assert read.tokens_per_s == pytest.approx(2050)
    assert read.room == pytest.approx(2050 * readings.FIRST_S, abs=1)
    assert read.seconds(4100) == pytest.approx(2)
    read.took(readings.TELLING, 1.0, 7.0)
    assert read.tokens_per_s > 2050 / 3, "a few tokens beside other work tell little"


def test_a_speed_is_trusted_for_a_while() -> None:
    read = Readings()
    assert not read.is_sure(0.0)
    read.took(100, 1.0, 5.0)
    assert read.is_sure(5.0 + readings.TRUST_S - 0.1)
    assert not read.is_sure(5.0 + readings.TRUST_S)
    assert read.is_known
