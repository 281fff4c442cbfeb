"""The paths of URIs."""

from __future__ import annotations

import os
from pathlib import PureWindowsPath
from urllib.parse import unquote, urlsplit


def path_of(uri: str, *, system: str = os.name) -> str:
    """The absolute path of a file URI, or "" for any other. On Windows (`system` "nt") with its drive, or the machine of a share; elsewhere a file
    of another machine is none."""
    try:
        parts = urlsplit(uri)
        path = unquote(parts.path)
    except ValueError:
        return ""
    if parts.scheme != "file" or not path.startswith("/") or "\0" in path:
        return ""
    host = "" if parts.netloc.lower() == "localhost" else parts.netloc
    if system != "nt":
        return "" if host else path
    whole = PureWindowsPath(f"//{host}{path}" if host else path.removeprefix("/"))
    return str(whole) if whole.is_absolute() else ""
