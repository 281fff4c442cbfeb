"""Build the sandbox image: a base, a few locked wheels, the runner. Blocking; call from a thread or the command line.

The tag is a hash of everything that goes in, so an upgraded Assay asks for a new image by itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from . import debian_base, engine
from .api import PythonUnavailable, SandboxUnavailable
from .container import ulimits

if TYPE_CHECKING:
    from docker import APIClient

log = logging.getLogger(__name__)

NOT_BUILT = "Sandbox image not built: "
Say = Callable[[str], None]

HERE = Path(__file__).parent
# "localhost" is no registry: Docker never looks for the name elsewhere, and Podman does not put its default registry in front.
# Folders of packages in the image, each with its lock and the Python whose wheels are taken ("" the image's own): the Dockerfile says what each is for.
PARTS = (
    ("packages", "requirements.lock", ""),
    ("packages39", "requirements-39.lock", "3.9"),
    ("tools", "tools.lock", ""),
)
REPOSITORY = "localhost/assay-sandbox"
KEEP_S = 7 * 86400  # another version's image may be in use by another checkout; after a week nobody misses it
PLATFORMS = {"x86_64": "manylinux2014_x86_64", "amd64": "manylinux2014_x86_64", "aarch64": "manylinux2014_aarch64"}


def image_name(python: str = "") -> str:
    """The name under which this version's image is looked for; with a Python ("3.12") that of the image for projects that need it and have none here."""
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{REPOSITORY}:{digest.hexdigest()[:12]}" + (f"-py{python}" if python else "")


def is_built(client: APIClient) -> bool:
    """Whether this version's image is on the engine."""
    return bool(client.images(name=image_name()))


def build(client: APIClient, say: Say, *, base: str = "", python: str = "") -> str:
    """Make the image and return its name; raises SandboxUnavailable with what went wrong.

    `base` names a base image that is on the engine or can be pulled; without one `python:<python>-slim` is tried, and
    where nothing can be pulled, a base is made from this system's Debian packages.
    """
    with trouble():
        base = base or _default_base(client, say, python or f"3.{sys.version_info.minor}")
        return _build(client, say, base, image_name())


def for_python(client: APIClient, image: str, python: str, say: Say, *, may_fetch: bool, needed: str = "") -> str:
    """The image that has this Python ("3.12"): `image` itself, or one that is made from python:3.12-slim and kept. Raises PythonUnavailable with why there is none; `needed` is the beginning of that sentence."""
    with engine.trouble():
        if python_version(client, image) == python:
            return image
        name = image_name(python)
        if client.images(name=name):
            return name
    needed = needed or f"The project needs Python {python}, none is installed here, and"
    mend = f"Install Python {python} (with uv: `uv python install {python}`), or make an environment for the project."
    if image != image_name():
        raise PythonUnavailable(f"{needed} `sandbox.image` has another.", mend)
    if not may_fetch:
        raise PythonUnavailable(f"{needed} no image is fetched (`project.fetch`, `offline`).", mend)
    base = f"python:{python}-slim"
    try:
        with trouble():
            if not client.images(name=base):
                say(f"pulling {base}")
                _pull(client, python)
            return _build(client, say, base, name)
    except SandboxUnavailable as error:
        raise PythonUnavailable(f"{needed} {base} cannot be had: {error.what.removeprefix(NOT_BUILT)}", mend) from error


def _pull(client: APIClient, python: str) -> None:
    import docker

    for event in client.pull("python", tag=f"{python}-slim", stream=True, decode=True):
        if "error" in event:
            raise docker.errors.APIError(event["error"])


@contextlib.contextmanager
def trouble() -> Iterator[None]:
    """Make what the engine or the disk refuses a SandboxUnavailable with its words."""
    import docker

    try:
        yield
    except (docker.errors.DockerException, OSError) as error:
        if (no_room := engine.full(str(error))) is not None:
            raise no_room from error
        raise SandboxUnavailable(f"{NOT_BUILT}{str(error).splitlines()[0][:300]}") from error


def _build(client: APIClient, say: Say, base: str, name: str) -> str:
    version = _python_of(client, base)
    say(f"base image {base} has Python {version}")
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder)
        say("fetching wheels")
        for part, lock, python in PARTS:
            (wheels / part).mkdir()
            locked = ["--require-hashes", "--no-deps", "-r", str(HERE / "image" / lock)]
            download_wheels(client, wheels / part, python or version, locked)
        context = _context(wheels)
    say(f"building {name}")
    run(client, context, name, {"BASE_IMAGE": base}, {"assay.python": version})
    _remove_older(client, say)
    return name


def python_version(client: APIClient, image: str) -> str:
    """The Python of an image that `build` made, as "3.N"; empty for others and where there is none."""
    found = client.images(name=image)
    return str((found[0].get("Labels") or {}).get("assay.python", "")) if found else ""


def _inputs() -> list[Path]:
    runner = sorted((HERE / "runner").glob("*.py"))
    return [HERE / "image" / "Dockerfile", *(HERE / "image" / lock for _, lock, _ in PARTS), *runner]


def _default_base(client: APIClient, say: Say, python: str) -> str:
    import docker

    wanted = f"python:{python}-slim"
    if client.images(name=wanted):
        return wanted
    say(f"pulling {wanted}")
    try:
        _pull(client, python)
        return wanted
    except (docker.errors.APIError, OSError) as error:
        say("it cannot be pulled")
        log.info("pulling failed: %s", error)
    if client.images(name=debian_base.NAME):
        return debian_base.NAME
    return debian_base.make(client, say)


def _python_of(client: APIClient, image: str) -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    host = client.create_host_config(network_mode="none", ulimits=ulimits())
    created = client.create_container(image, ["python3", "-I", "-c", program], host_config=host)
    try:
        client.start(created["Id"])
        client.wait(created["Id"], timeout=60)
        return str(client.logs(created["Id"]).decode().strip())
    finally:
        client.remove_container(created["Id"], force=True)


def download_wheels(client: APIClient, folder: Path, python: str, wanted: list[str]) -> None:
    """Fetch wheels for the engine's platform and the image's Python; no package's code is run. Raises SandboxUnavailable."""
    platform = PLATFORMS.get(client.info().get("Architecture", "x86_64"), "any")
    command = [sys.executable, "-I", "-m", "pip", "download", "-q", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "-d", str(folder), "--python-version", python, "--implementation", "cp"]
    command += ["--platform", platform, "--platform", platform.replace("2014", "_2_28"), "--platform", "any", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        if (no_room := engine.full(done.stderr)) is not None:
            raise no_room
        said = (done.stderr.strip() or "pip failed").splitlines()
        telling = [line for line in said if re.search("No matching distribution found for|Cannot install ", line)]
        raise SandboxUnavailable(f"Sandbox image not built: its wheels could not be fetched ({(telling or said)[-1]}).")


def run(client: APIClient, context: io.BytesIO, tag: str, arguments: dict[str, str], labels: dict[str, str]) -> None:
    """Build a context without a network; raises SandboxUnavailable with the engine's last words."""
    said = ""
    for event in client.build(
        fileobj=context,
        custom_context=True,
        tag=tag,
        buildargs=arguments,
        rm=True,
        forcerm=True,
        network_mode="none",
        decode=True,
        labels=labels,
    ):
        if "error" in event:
            if (no_room := engine.full(event["error"])) is not None:
                raise no_room
            raise SandboxUnavailable(f"Sandbox image not built: {event['error'].strip()}. It said: {said}")
        said = event.get("stream", "").strip() or said


def _context(wheels: Path) -> io.BytesIO:
    """The build context as a tar; links and foreign files cannot get in, for it is made from a list."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for path in _inputs():
            name = f"runner/{path.name}" if path.suffix == ".py" else path.name
            archive.add(path, name)
        for path in sorted(wheels.glob("*/*.whl")):
            archive.add(path, f"wheels/{path.parent.name}/{path.name}")
    data.seek(0)
    return data


def _remove_older(client: APIClient, say: Say) -> None:
    import docker

    for image in client.images(name=REPOSITORY):
        if time.time() - image.get("Created", 0) < KEEP_S:
            continue
        for tag in image.get("RepoTags") or []:
            if not tag.startswith(image_name()):
                try:
                    client.remove_image(tag)
                    say(f"removed the older {tag}")
                except docker.errors.APIError:
                    continue  # in use by an older server; its next build removes it
