"""A gateway that gives one answer after the other, whatever it is asked, and keeps what that was."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

# In place of an answer: the connection ends without one.
SILENCE: Final = (0, None)


class Scripted(ThreadingHTTPServer):
    """Gives one answer after the other and keeps what it was asked."""

    def __init__(self, answers: list[tuple[int, object]]) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers = answers
        self.asked: list[tuple[str, str, str | None]] = []


class Answering(BaseHTTPRequestHandler):
    """One request to the scripted server."""

    server: Scripted

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.asked.append((self.path, self.headers["Authorization"], self.headers["Idempotency-Key"]))
        answer = self.server.answers.pop(0)
        if answer == SILENCE:
            return
        status, document = answer
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_DELETE(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing."""


@contextmanager
def serving(*answers: tuple[int, object]) -> Iterator[Scripted]:
    with Scripted(list(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
