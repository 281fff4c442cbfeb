"""What a call depends on beside its arguments: what it asks of the system, and what it would give on another day, in another time zone and another home."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import os
import sys
import time
from collections.abc import Collection
from typing import Any

DAYS = 431  # another year, month and day of the week
SECONDS = DAYS * 86400 + 4 * 3600 + 11
ZONE = "XST-05:30"  # needs no files
HOME = "/tmp/elsewhere"
# What a call may ask of the system and give the same for everybody: modules, and files of the project.
_CODE = (".py", ".pyc", ".so", ".pyd", ".pth")
_HEARD = (
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethost", "socket.sendto", "socket.sendmsg", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chdir", "os.fchdir", "os.chmod", "os.chown", "os.kill", "os.utime", "shutil.", "sqlite3.", "tempfile.", "ftplib.", "smtplib.", "webbrowser.", "glob.glob",
)  # fmt: skip
_OF_FILES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.chmod",
    "os.utime",
    "shutil.copy",
    "shutil.move",
    "sqlite3.connect",
    "glob.glob",
)
_UNHEARD = (
    "stat",
    "lstat",
    "access",
    "cpu_count",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getlogin",
    "uname",
    "getloadavg",
)


class Outside:
    """Whether something of the system was asked for since `begin`."""

    def __init__(self, root: str) -> None:
        self._root = f"{root}/"
        self.folder, self.was = "", False
        sys.addaudithook(self._hear)
        self._variables: Collection[str] = ()
        _stand_in({name: self._heard(name) for name in _UNHEARD if hasattr(os, name)})
        for module, name in (("pwd", "getpwuid"), ("pwd", "getpwnam"), ("grp", "getgrgid"), ("grp", "getgrnam")):
            with contextlib.suppress(ImportError):
                self._mark(importlib.import_module(module), name)
        self._mark(os._Environ, "__iter__")
        self._mark(os._Environ, "__getitem__", self._is_common)

    def begin(self, folder: str, variables: Collection[str] = ()) -> None:
        """A call begins, with a folder of its own or without; `variables` of the environment are set for it."""
        self.folder, self.was, self._variables = folder, False, variables

    def _is_common(self, environment: Any, name: Any) -> bool:
        """Whether a variable is the call's own, or one that Python's own modules look at, which changes nothing."""
        return name in self._variables or str(name).startswith(("PYTHON", "LANG", "LC_"))

    def _mark(self, owner: Any, name: str, is_fine: Any = lambda *arguments: False) -> None:
        original = getattr(owner, name)

        def asked(*arguments: Any, **named: Any) -> Any:
            self.was = self.was or not is_fine(*arguments)
            return original(*arguments, **named)

        setattr(owner, name, asked)

    def _heard(self, name: str) -> Any:
        """What tells no audit hook: of files where it is asked for one that is not the project's."""
        original = getattr(os, name)
        is_of_files = name in ("stat", "lstat", "access")

        def asked(*arguments: Any, **named: Any) -> Any:
            by = sys._getframe(1).f_code.co_filename
            if not by.startswith("<frozen importlib") and not (
                is_of_files and arguments and (self._is_own(arguments[0]) or self._is_above(arguments[0]))
            ):
                self.was = True
            return original(*arguments, **named)

        return asked

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.was:
            return
        if event == "open":
            with contextlib.suppress(Exception):
                self._opened(*arguments)
        elif event in ("os.listdir", "os.scandir"):
            with contextlib.suppress(Exception):
                # what stands in the project's folders is another matter tomorrow
                self.was = (
                    not self._is_in_folder(arguments[0]) and "importlib" not in sys._getframe(1).f_code.co_filename
                )
        elif event.startswith(_HEARD):
            self.was = not self._is_of_the_call(event, arguments)

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        is_read = isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        self.was = not (is_read and (text.endswith(_CODE) or self._is_own(text))) and not self._is_in_folder(text)

    def _is_own(self, path: Any) -> bool:
        if isinstance(path, int):  # a descriptor
            return False
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        return f"{os.path.abspath(text)}/".startswith(self._root) or self._is_in_folder(text)

    def _is_above(self, path: Any) -> bool:
        """Whether the call's own folder is below it: who resolves a path looks at all of its parents."""
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        return bool(self.folder) and f"{self.folder}/".startswith(f"{os.path.abspath(text).rstrip('/')}/")

    def _is_in_folder(self, path: Any) -> bool:
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        return bool(self.folder) and f"{os.path.abspath(text)}/".startswith(f"{self.folder}/")

    def _is_of_the_call(self, event: str, arguments: tuple[Any, ...]) -> bool:
        """Whether it is done to nothing but files of the call's own folder."""
        with contextlib.suppress(Exception):
            if event == "sqlite3.connect/handle":  # behind the one that names the file
                return bool(self.folder)
            named = [one for one in arguments if isinstance(one, (str, bytes, os.PathLike))]
            return event.startswith(_OF_FILES) and bool(named) and all(map(self._is_in_folder, named))
        return False


def _stand_in(functions: dict[str, Any]) -> None:
    """Put others in the place of functions of `os`, also where `pathlib` and its like have kept them: in classes, by Python's versions."""
    by_original = {id(getattr(os, name)): new for name, new in functions.items()}
    modules = [
        one for name, one in sys.modules.items() if name.partition(".")[0] in ("os", "pathlib", "glob", "shutil")
    ]
    classes = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    for holder in (*modules, *classes):
        for name, value in list(vars(holder).items()):
            kept = value.__func__ if isinstance(value, staticmethod) else value
            if (new := by_original.get(id(kept))) is not None:
                setattr(holder, name, staticmethod(new) if isinstance(holder, type) else new)


def go() -> None:
    """From here on it is another day, and another machine's settings hold. For modules that are imported afterwards."""
    os.environ |= {
        "HOME": HOME,
        "TZ": ZONE,
        "USER": "elsewhere",
        "LOGNAME": "elsewhere",
        "COLUMNS": "57",
        "HOSTNAME": "elsewhere",
    }
    os.umask(0o027)
    listed, scanned, stat, lstat = os.listdir, os.scandir, os.stat, os.lstat
    _stand_in(
        {
            "stat": lambda *path, **named: _other(stat(*path, **named)),
            "lstat": lambda *path, **named: _other(lstat(*path, **named)),
            "listdir": lambda *folder: listed(*folder)[::-1],
            "scandir": lambda *folder: _Entries(scanned(*folder)),
        }
    )
    time.tzset()
    now, ns, local, utc = time.time, time.time_ns, time.localtime, time.gmtime
    shown, ctime, asctime = time.strftime, time.ctime, time.asctime

    def shifted(seconds: Any = None) -> Any:
        return now() + SECONDS if seconds is None else seconds

    time.time = lambda: now() + SECONDS
    time.time_ns = lambda: ns() + SECONDS * 10**9
    time.localtime = lambda seconds=None: local(shifted(seconds))
    time.gmtime = lambda seconds=None: utc(shifted(seconds))
    time.ctime = lambda seconds=None: ctime(shifted(seconds))
    time.asctime = lambda parts=None: asctime(time.localtime() if parts is None else parts)
    time.strftime = lambda form, parts=None: shown(form, time.localtime() if parts is None else parts)
    datetime.date, datetime.datetime = _Date, _Datetime  # type: ignore[misc]


def _other(found: Any) -> Any:
    """What a file's state is for somebody else at another time: kind and size stay."""
    mode, inode, device, links, owner, group, size, *_ = found
    times = {name: getattr(found, name) for name in ("st_atime", "st_mtime", "st_ctime")}
    later = {name: at + SECONDS for name, at in times.items()}
    exact = {f"{name}_ns": getattr(found, f"{name}_ns") + SECONDS * 10**9 for name in times}
    seconds = [int(at) for at in later.values()]
    return os.stat_result((mode ^ 0o030, inode, device, links, owner + 1, group + 1, size, *seconds), later | exact)


class _Entries:
    """Those of a folder, in another order."""

    def __init__(self, entries: Any) -> None:
        with entries:
            self._left = list(entries)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        if not self._left:
            raise StopIteration
        return self._left.pop()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *told: Any) -> None:
        self.close()

    def close(self) -> None:
        self._left = []


_REAL_DATE, _REAL_DATETIME = datetime.date, datetime.datetime


class _Kind(type):
    """What is of the real class is of ours."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, cls.__mro__[1])


class _Date(datetime.date, metaclass=_Kind):
    @classmethod
    def today(cls) -> Any:
        return _REAL_DATE.today() + datetime.timedelta(DAYS)

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        return _REAL_DATE(*arguments, **named)


class _Datetime(datetime.datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _REAL_DATETIME.now(tz) + datetime.timedelta(seconds=SECONDS)

    @classmethod
    def utcnow(cls) -> Any:
        return _REAL_DATETIME.utcnow() + datetime.timedelta(seconds=SECONDS)

    @classmethod
    def today(cls) -> Any:
        return cls.now()

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        return _REAL_DATETIME(*arguments, **named)


for _made, _real in ((_Date, _REAL_DATE), (_Datetime, _REAL_DATETIME)):
    _made.__name__ = _made.__qualname__ = _real.__name__
    _made.__module__ = _real.__module__
