"""Connections without TLS that hand files to the kernel, which sends them without copying."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from agavepy.multipart import Source, Stream


class _Connection(HTTPConnection):
    def request(self, method: str, url: str, body: Any = None, *args: Any, **kwargs: Any) -> None:
        if isinstance(body, Stream) and body.size is not None:
            body = _Pieces(body)
        super().request(method, url, body, *args, **kwargs)

    def send(self, data: Any) -> None:
        sock: Any = self.sock
        if isinstance(data, Source) and isinstance(sock, socket.socket):
            data.send_to(sock)
        else:
            super().send(data)


class _Pieces:
    """The pieces of a stream, those that are plain files as they are and all else in blocks."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Any]:
        for piece in self._stream.pieces():
            if isinstance(piece, Source) and not piece.plain:
                yield from piece
            else:
                yield piece


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class Adapter(HTTPAdapter):
    """requests' adapter, whose http connections send files by ``socket.sendfile``."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools as requests does, with our connections for http."""
        super().init_poolmanager(*args, **kwargs)
        classes = {"http": _Pool, "https": HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = classes
