"""Connections that look at the address which a name has led to before anything is sent there.

A name that was looked up before may lead elsewhere a moment later, when it is connected to.
"""

from __future__ import annotations

import socket

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from agavepy.trust import refuse_addresses


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(self.host, super()._new_conn())


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(self.host, super()._new_conn())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _checked(host: str, sock: socket.socket) -> socket.socket:
    try:
        refuse_addresses(host, (sock.getpeername()[0],))
    except BaseException:
        sock.close()
        raise
    return sock


def check_addresses(session: requests.Session) -> None:
    """Make a session refuse addresses as :func:`~agavepy.trust.refuse_addresses` does.

    What goes through a proxy is not looked at: the proxy looks the name up.
    """
    classes = {"http": _Pool, "https": _SecurePool}
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            adapter.poolmanager.pool_classes_by_scheme = classes
