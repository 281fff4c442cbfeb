"""Which lines of a project's requirements are taken: a name with versions and markers, nothing that names a source or runs code."""

from __future__ import annotations

import pytest

from sandbox import dependencies
from sandbox.api import SandboxUnavailable


def test_pinned_lines_with_hashes_and_markers_are_taken() -> None:
    text = (
        "# made by a tool\n"
        "attrs==25.1.0 \\\n    --hash=sha256:aaaa \\\n    --hash=sha256:bbbb\n"
        "numpy>=1.26,<3 ; python_version >= '3.11'  # why\n"
        "uvicorn[standard]~=0.30\nrich\nold == 1!2.* , != 1!2.3 ,\n"
    )
    assert dependencies.parse(text) == [
        "attrs==25.1.0",
        "numpy>=1.26,<3 ; python_version >= '3.11'",
        "uvicorn[standard]~=0.30",
        "rich",
        "old == 1!2.* , != 1!2.3 ,",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "-e .", "--index-url https://evil.example", "-r other.txt", "./local", "x @ https://evil.example/x.whl",
        "git+https://evil.example/x", "x==1 --global-option=y", "../x", "$(id)", "x>=1 <2", "x==" + "1!" * 60 + "$",
        "x" + "!1" * 60 + "$", "x" + " " * 60 + "$",
    ],
)  # fmt: skip
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(SandboxUnavailable, match="not a plain requirement"):
        dependencies.parse(f"attrs==25.1.0\n{line}\n")
