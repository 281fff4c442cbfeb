"""Run one step in a forked child: its own session and pipes, capped output, one deadline, nothing left behind."""

from __future__ import annotations

import contextlib
import importlib
import importlib._bootstrap_external as _bootstrap_external
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

OUTPUT_LIMIT = 64 << 10  # bytes kept of each stream; the rest is read and dropped so that the writer never blocks
REPORT_LIMIT = 12 << 20  # bytes of the report channel; 30 000 tests need about as many
TOLD_S = 0.1  # between two words on how far it is
OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


def load(kinds: Iterable[str]) -> None:
    """Import what runs steps of these kinds, before anything of a project is there: children find it in memory."""
    for kind in kinds:
        if (name := _MODULES.get(kind)) is not None:
            importlib.import_module(f".{name}", __package__)
        if kind == "pytest":
            for name in ("assertion.rewrite", "doctest", "unittest"):
                importlib.import_module(f"_pytest.{name}")


def warm_up() -> None:
    """Load everything and run one real test in a child, so that the first job finds every page and every lazy import in memory."""
    load(_MODULES)
    folder = Path("/tmp/warm")
    folder.mkdir(exist_ok=True)
    (folder / "test_warm.py").write_text("def test_warm():\n    assert [1] == [1]\n")
    step = {"kind": "pytest", "tests": ["test_warm.py::test_warm"], "timeout_s": 20, "nonce": "warm"}
    run(step, folder, host=None)


Told = Callable[[dict[str, Any]], None]


def run(step: dict[str, Any], root: Path, *, host: int | None, told: Told | None = None) -> dict[str, Any]:
    """Run `step` and say what happened; `host` is a descriptor whose end of file ends everything. `told` hears now and then how far it is."""
    main = _main(step["kind"])
    oom_before, started = _oom_kills(), time.monotonic()
    pipes = {name: os.pipe() for name in ("stdout", "stderr", "report")}
    child = os.fork()
    if child == 0:
        _become_child(step, root, main, pipes)
    for _, write_end in pipes.values():
        os.close(write_end)
    readers = {name: ends[0] for name, ends in pipes.items()}
    streams, timed_out, hung = _collect(
        child, readers, (step["timeout_s"], step.get("quiet_s") or step["timeout_s"]), host, told
    )
    status = _end(child)
    code, killed_by = os.waitstatus_to_exitcode(status), 0
    if code < 0:
        code, killed_by = 128 - code, -code
    report, _ = streams["report"]
    return {
        "exit": code,
        "signal": killed_by,
        "timed_out": timed_out or streams["report"][1],  # a report that was cut tells no more than one that was ended
        "hung": hung,
        "oom": _oom_kills() > oom_before,
        "stdout": streams["stdout"][0].decode("utf-8", "replace"),
        "stderr": streams["stderr"][0].decode("utf-8", "replace"),
        "truncated": streams["stdout"][1] or streams["stderr"][1],
        "report": report.decode("utf-8", "replace"),
        "ms": round((time.monotonic() - started) * 1000, 1),
    }


def _become_child(
    step: dict[str, Any], root: Path, main: Callable[[dict[str, Any], Path, int], int], pipes: dict[str, Any]
) -> None:
    code = 70
    try:
        os.setsid()
        os.dup2(pipes["stdout"][1], 1)
        os.dup2(pipes["stderr"][1], 2)
        report = os.dup2(pipes["report"][1], 3, inheritable=False)
        os.closerange(4, 1024)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
        seconds = int(step["timeout_s"]) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.chdir(root)
        _read_sources_alone(step.get("top") or str(root))
        code = main(step, root, report)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def _read_sources_alone(top: str) -> None:
    """A process that a test starts may write byte code beside the project's sources. It is not read here, so it steers nothing, whoever wrote it."""
    original, own = _bootstrap_external.cache_from_source, f"{top}/"

    def cache_from_source(path: str, *arguments: Any, **named: Any) -> str:
        if str(path).startswith(own):
            raise NotImplementedError  # as on a system that has no such files; the import goes on with the source
        return str(original(path, *arguments, **named))

    _bootstrap_external.cache_from_source = cache_from_source  # type: ignore[assignment]


def _collect(
    child: int, readers: dict[str, int], limits: tuple[float, float], host: int | None, told: Told | None
) -> tuple[dict[str, tuple[bytes, bool]], bool, bool]:
    """Read the pipes until the child is gone or out of time: what was read and whether it was cut, whether the time was up, and whether that was
    because nothing was reported for the second of the limits. A child that only closed its pipes is waited for."""
    timeout_s, quiet_s = limits
    kept = {name: bytearray() for name in readers}
    cut = dict.fromkeys(readers, False)
    names = {fd: name for name, fd in readers.items()}
    deadline, heard = time.monotonic() + timeout_s, time.monotonic()
    poll = select.poll()
    for fd in names:
        poll.register(fd, select.POLLIN | select.POLLHUP)
    if host is not None:
        poll.register(host, select.POLLIN | select.POLLHUP)
    timed_out = hung = False
    last = time.monotonic()
    while not _has_ended(child):
        if told is not None and time.monotonic() - last >= TOLD_S:
            last = time.monotonic()
            told({"tests": kept["report"].count(b'{"start"'), "waited_ms": _waited_ms(child)})
        left = min(deadline, heard + quiet_s) - time.monotonic()
        if left <= 0:
            timed_out, hung = True, time.monotonic() >= heard + quiet_s
            break
        for fd, _ in poll.poll(min(left, 0.02 if names else 0.005) * 1000):
            if fd == host:
                os._exit(0)  # the host speaks only before a job: this is its end, and the container's
            if names[fd] == "report":
                heard = time.monotonic()
            if not _take(fd, names[fd], kept, cut):
                poll.unregister(fd)
                del names[fd]
    _kill_everything()
    for fd, name in names.items():
        os.set_blocking(fd, False)
        while _take(fd, name, kept, cut):
            pass
    for fd in readers.values():
        os.close(fd)
    return {name: (bytes(kept[name]), cut[name]) for name in readers}, timed_out, hung


def _waited_ms(child: int) -> float:
    """How long the child could have run and had no processor."""
    try:
        return round(int(Path(f"/proc/{child}/schedstat").read_text().split()[1]) / 1e6, 1)
    except (OSError, ValueError, IndexError):
        return 0.0


def _take(fd: int, name: str, kept: dict[str, bytearray], cut: dict[str, bool]) -> bool:
    try:
        data = os.read(fd, 1 << 16)
    except BlockingIOError:
        return False
    room = (REPORT_LIMIT if name == "report" else OUTPUT_LIMIT) - len(kept[name])
    kept[name] += data[: max(room, 0)]
    cut[name] = cut[name] or len(data) > room
    return bool(data)


def _has_ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_everything() -> None:
    """As PID 1: every other process of the container. Two rounds, for one that was forking meanwhile."""
    if os.getpid() != 1:
        return
    for _ in range(2):
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)


def _end(child: int) -> int:
    """Kill what is left, reap it all, and return the child's wait status."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while os.getpid() == 1:
        _kill_everything()
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    return status


def _oom_kills() -> int:
    for counter in OOM_COUNTERS:
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in Path(counter).read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return 0


def _script(step: dict[str, Any], root: Path, report: int) -> int:
    os.close(report)
    os.execv(sys.executable, [sys.executable, "-B", str(root / step["script"])])


def _ruff(step: dict[str, Any], root: Path, report: int) -> int:
    os.close(report)
    program = "/opt/assay/tools/bin/ruff"
    os.execv(program, [program, "check", "--no-cache", "--exit-zero", "--output-format=json", str(root / step["path"])])


Main = Callable[[dict[str, Any], Path, int], int]
_PROGRAMS: dict[str, Main] = {"script": _script, "ruff": _ruff}
_MODULES = {"pytest": "pytest_step", "calls": "calls_step", "inputs": "inputs_step", "expressions": "expressions_step"}


def _main(kind: str) -> Main:
    """What runs a step of this kind; what was not loaded for it is loaded in the child."""
    if kind in _PROGRAMS:
        return _PROGRAMS[kind]
    name = _MODULES[kind]

    def main(step: dict[str, Any], root: Path, report: int) -> int:
        code: int = importlib.import_module(f".{name}", __package__).main(step, root, report)
        return code

    return main
