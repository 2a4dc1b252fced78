"""A web server on loopback that takes what is told, and misbehaves as it is asked to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """The server.

    Attributes:
        url: Its address, without a path.
        requests: What came, in order.
        answer: Gives status, headers and body for a request.
        release: Set at the end; an answer may wait for it, as long as who asks has no patience.
    """

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answer: Callable[[Received], tuple[int, dict[str, str], bytes]] = lambda request: (200, {}, b"ok")
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.requests]

    def always(self, status: int, **headers: str) -> None:
        """Answer each request so."""
        self.answer = lambda request: (status, headers, b"that is how it is")

    def never(self) -> None:
        """Answer nobody before the test is over."""

        def answer(request: Received) -> tuple[int, dict[str, str], bytes]:
            self.release.wait(60)
            return 200, {}, b""

        self.answer = answer


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Serve on a port of its own."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Received(self.command, self.path, dict(self.headers.items()), body)
            state.requests.append(request)
            status, headers, content = state.answer(request)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                # Who asked has gone.
                self.close_connection = True

        do_GET = do_POST

        def log_message(self, *args: Any) -> None:
            """Keep silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        state.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
