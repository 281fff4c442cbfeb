"""The battery asks for system calls by the numbers that the kernel has for them, on each kind of processor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox import battery

HEADERS = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h")


@pytest.mark.parametrize("machine", [0, 1], ids=["x86-64", "arm64"])
def test_numbers_are_the_kernels(machine: int) -> None:
    if not Path(HEADERS[machine]).is_file():
        pytest.skip("the kernel's headers are not installed (linux-libc-dev)")
    said = dict(re.findall(r"#define __NR_(\w+) (\d+)$", Path(HEADERS[machine]).read_text("ascii"), re.MULTILINE))
    assert {name: numbers[machine] for name, numbers in battery.NUMBERS.items()} == {
        name: int(said[name]) for name in battery.NUMBERS
    }


def test_each_call_of_a_case_has_its_numbers() -> None:
    asked = {name for case in battery.CASES for name in re.findall(r"call\('(\w+)'", case.script)}
    assert asked == set(battery.NUMBERS)
