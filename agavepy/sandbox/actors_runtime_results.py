"""The socket through which a running actor hands results back, one datagram each."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from agavepy.sandbox.state.actors_executions import MAX_RESULT


class Results:
    """Receives datagrams at the socket ``path`` until :meth:`close` and hands each to ``keep``.

    One longer than 131072 bytes is cut, as the service does, and counted in ``cut``.
    """

    def __init__(self, path: Path, keep: Callable[[bytes], object]) -> None:
        self.cut = 0
        self._path = path
        self._keep = keep
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(str(path))
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)
        self._end, self._ended = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="agavepy-results", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Keep what has been sent so far, and receive no more."""
        self._end.close()
        self._thread.join()
        self._ended.close()
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            ending = False
            while not ending:
                ending = any(key.fileobj is self._ended for key, _ in selector.select())
                self._receive()

    def _receive(self) -> None:
        """Take every datagram that is there; an empty one is no result."""
        while True:
            try:
                data, _, flags, _ = self._socket.recvmsg(MAX_RESULT)
            except BlockingIOError:
                return
            self.cut += bool(flags & socket.MSG_TRUNC)
            if data:
                self._keep(data)
