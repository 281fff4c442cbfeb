"""A stand-in for the hub on loopback, with or without TLS, and a proxy that tunnels to it: what a download meets, cuts and lies included."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Shelf:
    """What the hub has: `files` by repository. `cut` bytes after which a transfer breaks off (once), `lies` about checksums, `ranges` that were asked for."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.cut = 0
        self.cuts = 1
        self.lies = False
        self.takes_ranges = True
        self.ranges: list[str] = []
        self.tokens: list[str] = []

    def about(self, repo: str) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = []
        for name, data in self.files[repo].items():
            sha = hashlib.sha256(data + (b"!" if self.lies else b"")).hexdigest()
            one: dict[str, Any] = {
                "rfilename": name,
                "size": len(data),
                "blobId": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(),
            }
            if name.endswith((".gguf", ".safetensors", ".bin")):
                one["lfs"] = {"sha256": sha, "size": len(data)}
            siblings.append(one)
        return {"sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}}


def handler_of(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shelf.tokens.append(self.headers.get("Authorization", ""))
            if match := re.match(r"/api/models/([^/]+/[^/]+)/revision/main", self.path):
                if match[1] not in shelf.files:
                    self._send(404, b"{}")
                    return
                self._send(200, json.dumps(shelf.about(match[1])).encode())
                return
            match = re.match(rf"/([^/]+/[^/]+)/resolve/{COMMIT}/(.+)", self.path)
            assert match is not None, self.path
            self._file(shelf.files[match[1]][match[2]])

        def _file(self, data: bytes) -> None:
            start = 0
            if asked := self.headers.get("Range"):
                shelf.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").rstrip("-")) if shelf.takes_ranges else 0
            body = data[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if shelf.cut and shelf.cuts:
                shelf.cuts -= 1
                self.wfile.write(body[: shelf.cut])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.wfile.write(body)

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler


@contextlib.contextmanager
def served(shelf: Shelf, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The hub's port on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(shelf))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that goes away is no news
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.contextmanager
def proxy(port: int) -> Iterator[tuple[int, list[str]]]:
    """A proxy that tunnels whatever host is asked for to the hub's port; its own port, and what it was asked for."""
    asked: list[str] = []

    class Tunnel(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append(self.path)
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pipe, args=(upstream, self.connection))
                back.start()
                _pipe(self.connection, upstream)
                back.join()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tunnel)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()
    thread.join()
    server.server_close()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
