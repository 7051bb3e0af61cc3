"""The line between a browser and the gateway, which a test can cut."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

_PIECE = 65_536


class Line:
    """Carries TCP connections from a port of its own to the gateway's until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._goal = (host, port)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._whole = True
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection, and let none through until `mend`."""
        with self._lock:
            self._whole = False
            broken, self._open = self._open, set()
        for end in broken:
            _close(end)

    def mend(self) -> None:
        with self._lock:
            self._whole = True

    def close(self) -> None:
        self.cut()
        _close(self._server)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._goal, timeout=10)
        except OSError:
            _close(near)
            return
        far.settimeout(None)
        with self._lock:
            let_in = self._whole
            if let_in:
                self._open |= {near, far}
        if not let_in:
            _close(near)
            _close(far)
            return
        back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
        back.start()
        self._carry(near, far)
        back.join()
        with self._lock:
            self._open -= {near, far}
        near.close()
        far.close()

    @staticmethod
    def _carry(source: socket.socket, goal: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                goal.sendall(piece)
        for end in (source, goal):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
