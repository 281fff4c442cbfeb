"""Logs on disk."""

from pathlib import Path

from logs.parse import Record, records


def load(path: Path) -> list[Record]:
    """The records of a file. Raises OSError, and BadLine."""
    return records(path.read_text("utf-8"))


def newest(folder: Path) -> Path:
    """The log that was written last. Raises FileNotFoundError where there is none."""
    found = sorted(folder.glob("*.log"), key=lambda one: (one.stat().st_mtime, one.name))
    if not found:
        raise FileNotFoundError(folder)
    return found[-1]


def rotate(path: Path, keep: int = 3) -> None:
    """Give a log a number, and those that have one the next; the oldest goes."""
    path.with_suffix(f".{keep}").unlink(missing_ok=True)
    for number in range(keep - 1, 0, -1):
        one = path.with_suffix(f".{number}")
        if one.exists():
            one.rename(path.with_suffix(f".{number + 1}"))
    if path.exists():
        path.rename(path.with_suffix(".1"))
