"""A project's dependencies as a layer on the sandbox image: on command only, wheels only, from pinned names only.

For projects whose own virtual environment was made for another Python than the image's. Blocking.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from . import build
from .api import DEPENDENCIES, SandboxUnavailable

if TYPE_CHECKING:
    from docker import APIClient

REPOSITORY = "localhost/assay-sandbox-deps"
LINE_LIMIT = 5000
DOCKERFILE = f"""ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
USER 0:0
COPY wheels /opt/wheels
RUN PYTHONPATH=/opt/assay/tools python3 -m pip install --no-index --no-deps --no-cache-dir --root-user-action=ignore --target {DEPENDENCIES} /opt/wheels/*.whl \\
    && rm -rf /opt/wheels
USER 65534:65534
"""

_NAME = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[\w,. -]*\])?\s*(?:[=<>!~]=?=?\s*[\w.*+!-]+\s*,?\s*)*(?:;[^\\]*)?$")


def make(client: APIClient, requirements: Path, root: Path, record: Path, say: build.Say) -> str:
    """Build the layer for the project at `root` and note it in `record`; returns the image's name.

    Raises SandboxUnavailable with what was refused or went wrong.
    """
    with build.trouble():
        return _make(client, requirements, root, record, say)


def _make(client: APIClient, requirements: Path, root: Path, record: Path, say: build.Say) -> str:
    lines = parse(requirements.read_text("utf-8", "replace"))
    base = build.image_name()
    digest = hashlib.sha256("\n".join([base, *lines]).encode()).hexdigest()[:12]
    name = f"{REPOSITORY}:{digest}"
    if not client.images(name=name):
        version = build.python_version(client, base)
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "requirements.txt"
            wanted.write_text("\n".join(lines) + "\n", "utf-8")
            wheels = Path(folder) / "wheels"
            wheels.mkdir()
            say("fetching wheels")
            build.download_wheels(client, wheels, version, ["-r", str(wanted)])
            say(f"building {name} with {len(list(wheels.glob('*.whl')))} wheels")
            build.run(client, _context(wheels), name, {"BASE_IMAGE": base}, {"assay.python": version})
    known = read(record)
    known[str(root)] = {"image": name, "base": base}
    record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    record.write_text(json.dumps(known), "utf-8")
    return name


def image_for(root: Path, record: Path) -> str:
    """The image that was made for the project at `root` on the current sandbox image; "" where there is none."""
    found = read(record).get(str(root), {})
    return found.get("image", "") if found.get("base") == build.image_name() else ""


def read(record: Path) -> dict[str, dict[str, str]]:
    """What was built for which root; empty where the file is missing or not ours."""
    try:
        found = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}


def parse(text: str) -> list[str]:
    """Requirement lines that are a name with versions and markers; hashes are left out, anything else is refused.

    A requirements file is workspace text: options, URLs, paths and editable installs could name other sources or run code.
    """
    lines = []
    for raw in text.replace("\\\n", " ").splitlines()[:LINE_LIMIT]:
        line = re.sub(r"\s+#.*|^#.*", "", re.sub(r"--hash=\S+", "", raw)).strip()
        if not line:
            continue
        if not _NAME.match(line):
            raise SandboxUnavailable(
                f"Dependencies not built: {line[:80]!r} is not a plain requirement (name, version, marker)."
            )
        lines.append(line)
    if not lines:
        raise SandboxUnavailable("Dependencies not built: the file names no requirement.")
    return lines


def _context(wheels: Path) -> io.BytesIO:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(DOCKERFILE)
        archive.addfile(member, io.BytesIO(DOCKERFILE.encode()))
        for path in sorted(wheels.glob("*.whl")):
            archive.add(path, f"wheels/{path.name}")
    data.seek(0)
    return data
