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
from .api import DEPENDENCIES, Packages, Project, ProjectUnavailable, SandboxUnavailable

if TYPE_CHECKING:
    from docker import APIClient

REPOSITORY = "localhost/assay-sandbox-deps"
LINE_LIMIT = 5000
LEFT_OUT = "assay.left-out"  # an image's label: packages that have no wheel
LEFT_OUT_LIMIT = 12  # packages without a wheel
DOCKERFILE = f"""ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
ARG PYTHON
USER 0:0
COPY wheels /opt/wheels
RUN PYTHONPATH=/opt/assay/tools python3 -m pip install --no-index --no-deps --no-cache-dir --root-user-action=ignore --only-binary=:all: --python-version ${{PYTHON}} --target {DEPENDENCIES} /opt/wheels/*.whl \\
    && rm -rf /opt/wheels
USER 65534:65534
"""

# A "!" may be an operator's or a version's (its epoch): clauses are apart by commas alone, or a long row of them could be read in any number of ways.
_CLAUSE = r"[=<>!~]=?=?\s*[\w*][\w.*+!-]*"
_NAME = re.compile(
    rf"[A-Za-z0-9][\w.-]*(?:\[[\w,. -]*\])?\s*(?:{_CLAUSE}(?:\s*,\s*{_CLAUSE})*(?:\s*,)?)?\s*(?:;[^\\]*)?\Z", re.ASCII
)


def ensure(client: APIClient, base: str, project: Project, say: build.Say) -> str:
    """The image that a project's containers are made of: the layer with its packages on `base`, made where it is not there yet. Raises ProjectUnavailable with what went wrong."""
    packages = project.packages
    if packages is None or project.image:
        return base
    try:
        with build.trouble():
            python = project.interpreter.python if project.interpreter else build.python_version(client, base)
            name = layer_name(packages, python, base)
            if not client.images(name=name):
                _make_layer(client, base, name, packages, python, say)
            return name
    except SandboxUnavailable as error:
        what = f"The packages of {packages.source} could not be had: {error.what}"
        raise ProjectUnavailable(
            what,
            "Make an environment for the project, or name its packages by `assay sandbox build --requirements FILE`.",
        ) from error


def layer_name(packages: Packages, python: str, base: str) -> str:
    """The name of the image that holds these packages for a Python ("3.12") on a base."""
    parts = (base, python, *packages.wanted, "", *packages.versions)
    return f"{REPOSITORY}:{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"


def _make_layer(client: APIClient, base: str, name: str, packages: Packages, python: str, say: build.Say) -> None:
    """Fetch the wheels and build the layer. What has no wheel is left out: a test that needs it says so."""
    wanted, left_out = list(packages.wanted), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "versions.txt").write_text("\n".join(packages.versions) + "\n", "utf-8")
        say(f"fetching the packages of {packages.source} for Python {python}")
        for _ in range(LEFT_OUT_LIMIT):
            wheels = place / f"wheels{len(left_out)}"
            wheels.mkdir()
            (place / "wanted.txt").write_text("\n".join(wanted) + "\n", "utf-8")
            try:
                build.download_wheels(
                    client, wheels, python, ["-r", str(place / "wanted.txt"), "-c", str(place / "versions.txt")]
                )
                break
            except SandboxUnavailable as error:
                missing = re.search(
                    r"(?:No matching distribution found for|Cannot install) ([A-Za-z0-9][\w.-]*)", error.what
                )
                rest = [line for line in wanted if missing and _key(line) != _key(missing[1])]
                if not missing or not rest or len(rest) == len(wanted):
                    raise
                left_out.append(missing[1])
                wanted = rest
        else:
            raise SandboxUnavailable(f"none of {', '.join(left_out)} has a wheel.")
        count = len(list(wheels.glob("*.whl")))
        say(f"building {name} with {count} wheels{', without ' + ', '.join(left_out) if left_out else ''}")
        labels = {"assay.python": python, LEFT_OUT: " ".join(left_out)}
        build.run(client, _context(wheels), name, {"BASE_IMAGE": base, "PYTHON": python}, labels)


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name, maxsplit=1)[0]).lower()


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
            build.run(
                client, _context(wheels), name, {"BASE_IMAGE": base, "PYTHON": version}, {"assay.python": version}
            )
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
