"""The self-check: harmless jobs that must work and hostile ones that must come to nothing, on any sandbox.

The first case proves that code runs where the host cannot be seen; nothing hostile is run before it has passed.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from .api import Job, Project, Sandbox, SandboxUnavailable, Step, StepOutcome

EMPTY = Project("empty", b"")


@dataclass(frozen=True, slots=True)
class Case:
    """A script, its time limit, and what its outcome must be."""

    name: str
    script: str
    holds: Callable[[StepOutcome], bool]
    timeout_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Result:
    """Whether the case held, and what was seen in one line. `ms` includes the wait for a container."""

    name: str
    holds: bool
    saw: str
    ms: float


def _says(word: str) -> Callable[[StepOutcome], bool]:
    return lambda outcome: word in outcome.stdout and "ESCAPED" not in outcome.stdout


def _ended(outcome: StepOutcome) -> bool:
    return "ESCAPED" not in outcome.stdout


_TRY = """
def attempt(what, work):
    try:
        result = work()
    except BaseException as error:
        print("refused", what, type(error).__name__)
    else:
        print("ESCAPED", what, str(result)[:80])
"""
# The kernel's numbers of system calls: on x86-64, on arm64.
NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "pidfd_getfd": (438, 438), "unshare": (272, 97), "clone": (56, 220),
    "setns": (308, 268), "mount": (165, 40), "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241),
    "keyctl": (250, 219), "userfaultfd": (323, 282), "kexec_load": (246, 104),
}  # fmt: skip
_SYSCALL = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
numbers = {NUMBERS}
machine = {{"x86_64": 0, "aarch64": 1, "arm64": 1}}.get(os.uname().machine)
if machine is None:
    print("ESCAPED", "no system call has a number here:", os.uname().machine)
    raise SystemExit
def call(name, *arguments):
    result = libc.syscall(ctypes.c_long(numbers[name][machine]), *map(ctypes.c_long, arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""

CONTAINED = Case(
    "contained",
    "import os, socket\n"
    "assert os.getuid() not in (0,), 'root'\n"
    "assert open('/proc/1/comm').read().startswith('python'), 'not the runner'\n"
    f"assert socket.gethostname() != {socket.gethostname()!r}, 'the host'\n"
    "assert not os.path.exists('/work/project/.git')\n"
    "try:\n    open('/contained', 'w')\nexcept OSError:\n    print('contained')\n",
    _says("contained"),
)

CASES: tuple[Case, ...] = (
    Case("a script runs", "print(6 * 7)", lambda o: o.exit == 0 and o.stdout == "42\n"),
    Case("its exit code is told", "import sys; sys.exit(7)", lambda o: o.exit == 7 and not o.timed_out),
    Case("a signal is told", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", lambda o: o.signal == 11),
    Case(
        "network",
        "import socket\n" + _TRY + "socket.setdefaulttimeout(2)\n"
        "attempt('connect', lambda: socket.create_connection(('1.1.1.1', 53)))\n"
        "attempt('gateway', lambda: socket.create_connection(('172.17.0.1', 22)))\n"
        "attempt('dns', lambda: socket.gethostbyname('example.org'))\n"
        "attempt('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW))\n"
        "attempt('netlink', lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))\n",
        _says("refused netlink"),
    ),
    Case(
        "host files",
        _TRY + "import os\n"
        "for path in ('/etc/shadow', '/root/.ssh', '/var/run/docker.sock', '/proc/1/mem', '/proc/kcore', '/dev/sda', '/proc/sysrq-trigger'):\n"
        "    attempt(path, lambda: os.open(path, os.O_RDWR))\n"
        "attempt('write /usr', lambda: open('/usr/planted', 'w'))\n"
        "attempt('write runner', lambda: open('/opt/assay/assay_runner/steps.py', 'a'))\n",
        _says("refused write runner"),
    ),
    Case(
        "environment",
        _TRY + "import os\n"
        "allowed = {'HOME','PATH','LANG','HOSTNAME','PYTHONHASHSEED','PYTHONDONTWRITEBYTECODE','PWD','LC_CTYPE',"
        "'GPG_KEY','PYTHON_VERSION','PYTHON_SHA256','TERM','container'}\n"
        "print('ESCAPED' if set(os.environ) - allowed else 'clean', set(os.environ) - allowed)\n"
        "attempt('runner environment', lambda: open('/proc/1/environ').read())\n",
        _says("refused runner environment"),
    ),
    Case(
        "other processes",
        "import os\nseen = [p for p in os.listdir('/proc') if p.isdigit()]\nprint('few' if len(seen) <= 3 else 'ESCAPED', seen)",
        _says("few"),
    ),
    Case(
        "fork bomb",
        "import os, time\nn = 0\ntry:\n    while n < 5000:\n        if os.fork() == 0:\n            time.sleep(60)\n            os._exit(0)\n        n += 1\n"
        "except OSError:\n    print('stopped at', n)\nprint('ESCAPED' if n > 200 else 'bounded', flush=True)\n",
        _says("bounded"),
    ),
    Case("memory", "x = []\nwhile True:\n    x.append(bytearray(16 << 20))\n", lambda o: o.oom or o.signal == 9 or "MemoryError" in o.stderr),
    Case("processor", "while True:\n    pass\n", lambda o: o.timed_out, 1.5),
    Case("ignores signals", "import signal, time\nfor s in range(1, 32):\n    try:\n        signal.signal(s, signal.SIG_IGN)\n    except OSError:\n        pass\ntime.sleep(60)\n", lambda o: o.timed_out, 1.5),
    Case("output", "import sys\nwhile True:\n    sys.stdout.write('x' * 65536)\n", lambda o: o.timed_out and o.truncated and len(o.stdout) <= 65536, 1.5),
    Case(
        "disk",
        "written = 0\ntry:\n    for i in range(64):\n        with open(f'/work/big{i}', 'wb') as f:\n            for _ in range(32):\n                f.write(b'x' * (1 << 20))\n                written += 1\n"
        "except OSError as error:\n    print('stopped', error)\nprint('bounded' if written < 520 else 'ESCAPED', written)\n",
        lambda o: "bounded" in o.stdout or o.oom,
    ),
    Case(
        "shared memory",
        "written = 0\ntry:\n    with open('/dev/shm/x', 'wb') as f:\n        while written < 256:\n            f.write(b'x' * (1 << 20))\n            f.flush()\n            written += 1\n"
        "except OSError:\n    pass\nprint('bounded' if written <= 16 else 'ESCAPED', written)\n",
        _says("bounded"),
    ),
    Case("symlink", _TRY + "import os\nos.symlink('/etc', '/work/project/link')\nattempt('through link', lambda: open('/work/project/link/planted', 'w'))\n", _says("refused through link")),
    Case(
        "ptrace",
        _SYSCALL + _TRY + "attempt('ptrace', lambda: call('ptrace', 16, 1, 0, 0))\n"
        "attempt('process_vm_readv', lambda: call('process_vm_readv', 1, 0, 0, 0, 0, 0))\nattempt('pidfd_getfd', lambda: call('pidfd_getfd', 3, 1, 0))\n",
        _says("refused ptrace"),
    ),
    Case(
        "namespaces",
        _SYSCALL + _TRY + "attempt('unshare user', lambda: call('unshare', 0x10000000))\nattempt('unshare mount', lambda: call('unshare', 0x20000))\n"
        "attempt('clone user', lambda: call('clone', 0x10000011, 0, 0, 0, 0))\nattempt('setns', lambda: call('setns', 0, 0))\nattempt('mount', lambda: call('mount', 0, 0, 0, 0, 0))\n",
        _says("refused mount"),
    ),
    Case("io_uring", _SYSCALL + _TRY + "attempt('io_uring', lambda: call('io_uring_setup', 8, 0))\n", _says("refused io_uring")),
    Case(
        "kernel interfaces",
        _SYSCALL + _TRY + "attempt('bpf', lambda: call('bpf', 0, 0, 0))\nattempt('perf', lambda: call('perf_event_open', 0, 0, 0, 0, 0))\n"
        "attempt('keyctl', lambda: call('keyctl', 0, 0, 0, 0, 0))\nattempt('userfaultfd', lambda: call('userfaultfd', 0))\nattempt('kexec', lambda: call('kexec_load', 0, 0, 0, 0))\n",
        _says("refused kexec"),
    ),
    Case(
        "privileges",
        _TRY + "import os\nattempt('setuid', lambda: os.setuid(0))\nattempt('chown', lambda: os.chown('/work/project', 0, 0))\n"
        "attempt('nice', lambda: os.nice(-5))\nattempt('mknod', lambda: os.mknod('/work/dev', 0o600 | 0o060000, os.makedev(8, 0)))\n",
        _says("refused mknod"),
    ),
    Case(
        "daemonised child",
        "import os, sys, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.closerange(0, 64)\n        time.sleep(600)\n        os._exit(0)\n    os._exit(0)\nprint('gone')\n",
        lambda o: "gone" in o.stdout and not o.timed_out and o.ms < 5000,
    ),
    Case(
        "runner kill",
        "import os, signal\nfor s in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV):\n    try:\n        os.kill(1, s)\n    except OSError:\n        pass\nprint('sent')\n",
        _says("sent"),
    ),
    Case("kill all", "import os, signal\nos.kill(-1, signal.SIGKILL)\n", _ended),
    Case(
        "forged answer",
        "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'\\0' * 64)\n        print('wrote to', fd)\n    except OSError:\n        pass\nprint('tried')\n",
        _says("tried"),
    ),
    Case("persistence, planting", "open('/work/planted', 'w').write('x')\nopen('/tmp/planted', 'w').write('x')\nprint('planted')", _says("planted")),
    Case("persistence, looking", "import os\nprint('ESCAPED' if os.path.exists('/work/planted') or os.path.exists('/tmp/planted') else 'fresh')", _says("fresh")),
)  # fmt: skip


async def run(sandbox: Sandbox) -> tuple[Result, ...]:
    """All cases in order; stops after the first when containment is not proved. Raises SandboxUnavailable."""
    first = await one(sandbox, CONTAINED)
    if not first.holds:
        return (first,)
    return (first, *[await one(sandbox, case) for case in CASES])


async def one(sandbox: Sandbox, case: Case) -> Result:
    """One case in a container of its own."""
    started = time.perf_counter()
    step = Step("script", case.timeout_s, (("case.py", case.script),), path="case.py")
    try:
        outcome = (await sandbox.run(Job(EMPTY, (step,))))[0]
    except SandboxUnavailable:
        if case is CONTAINED:
            raise
        return Result(case.name, False, "the container gave no answer", (time.perf_counter() - started) * 1000)
    lines = (outcome.stdout.strip() or outcome.stderr.strip() or f"exit {outcome.exit}").splitlines()
    saw = lines[-1][:100] + (" (time limit)" if outcome.timed_out else "") + (" (memory limit)" if outcome.oom else "")
    return Result(case.name, case.holds(outcome), saw, (time.perf_counter() - started) * 1000)
