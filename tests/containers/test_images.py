"""Images of Assay take no more room than is wanted: the longest unused go first, those in use and this version's own stay."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from assay.cli.commands import app
from sandbox import build, dependencies, engine
from sandbox.images import Room

if TYPE_CHECKING:
    from docker import APIClient

pytestmark = pytest.mark.usefixtures("alone_with_images")

TAGS = tuple(f"{dependencies.REPOSITORY}:of-a-test-{name}" for name in ("old", "older", "fresh"))


@pytest.fixture
def client(docker_url: str) -> Iterator[APIClient]:
    """An engine with three more images of ours, each with 3 MB of its own."""
    import docker

    made = engine.connect(docker_url)
    for number, tag in enumerate(TAGS):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for name, content in (
                ("Dockerfile", b"FROM scratch\nCOPY ballast /\n"),
                ("ballast", bytes([number + 1]) * 3_000_000),
            ):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        data.seek(0)
        build.run(made, data, tag, {}, {})
    yield made
    for tag in TAGS:
        try:
            made.remove_image(tag)
        except docker.errors.APIError:
            continue
    made.close()


def test_the_longest_unused_go_until_the_rest_fits(client: APIClient, tmp_path: Path) -> None:
    now = time.time()
    record = tmp_path / "used.json"
    record.write_text(json.dumps({TAGS[0]: now + 200, TAGS[1]: now + 100, TAGS[2]: now + 300}))
    room = Room(record)
    images, size = room.found(client)
    ours = [one for one in images if one.name in TAGS]
    assert [(one.name, one.size) for one in ours] == [(TAGS[1], 3_000_000), (TAGS[0], 3_000_000), (TAGS[2], 3_000_000)]
    others = {one.name for one in images} - set(TAGS)
    assert room.prune(client, others, size) == ()
    assert [one.name for one in room.prune(client, others, size - 1)] == [TAGS[1]]
    assert [one.name for one in room.prune(client, {*others, TAGS[0]}, 0)] == [TAGS[2]]
    assert Room(record).fit(client, ()) == (), "without a budget nothing is ever removed"
    assert TAGS[0] in {one.name for one in room.found(client)[0]}


def test_a_use_is_written_down_and_a_record_that_is_none_is_made_anew(tmp_path: Path) -> None:
    record = tmp_path / "new" / "used.json"
    room = Room(record)
    room.note("a")
    first = json.loads(record.read_text())
    room.note("a")
    assert json.loads(record.read_text()) == first, "once an hour is enough"
    record.write_text("[")
    room.note("b")
    assert set(json.loads(record.read_text())) == {"b"}


def test_what_is_in_use_of_late_stays_by_command_too(
    client: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    before = {one.name for one in Room(tmp_path / "none").found(client)[0]}
    run = CliRunner().invoke(app, ["sandbox", "prune", "--json"])
    assert run.exit_code == 0, run.output
    answer = json.loads(run.output)
    week = time.time() - 7 * 86400
    assert set(TAGS) <= set(answer["left"])
    assert all(one.used < week for one in Room(tmp_path / "none").found(client)[0] if one.name in answer["removed"])
    assert {*answer["left"], *answer["removed"]} == before


@pytest.mark.parametrize(
    "said",
    ["write /layer.tar: no space left on device", "OSError: [Errno 28] No space left on device", "Disk quota exceeded"],
)
def test_a_full_disk_has_a_name(said: str) -> None:
    refused = engine.refusal(OSError(said))
    assert str(refused).startswith("Sandbox off: the disk is full.")
    assert "`assay sandbox prune`" in refused.mend
