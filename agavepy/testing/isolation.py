"""Keep a test to this machine and to files of its own: no real login, no other host."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from agavepy import config, timing

#: What would tell a client of a tenant, a login or a way out that is not the test's.
_PREFIXES = ("AGAVE", "TAPIS", "_abaco", "SWAGGERPY", "NETRC", "REQUESTS_CA", "CURL_CA")
_NAMES_OF_LOOPBACK = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


class IsolationError(AssertionError):
    """A test tried to leave the machine; no AgaveError, which code under test may take."""


@contextmanager
def surroundings(home: Path) -> Iterator[Path]:
    """Set HOME aside, and every variable that tells clients of a tenant; yield the credentials.

    The directory of credentials is made, empty, below ``home``. Compiled plans stay where they
    are cached.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or str(config.home_directory(os.environ) / ".cache")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_PREFIXES) and not name.lower().endswith("_proxy")
    }
    kept |= {"HOME": str(home), "XDG_CACHE_HOME": cache, "NETRC": os.devnull}
    with mock.patch.dict(os.environ, kept, clear=True):
        directory = config.credentials_directory(os.environ)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield directory


@contextmanager
def current(api_server: str, token: str) -> Iterator[None]:
    """Let ``Agave.restore()`` find this tenant and token."""
    login = {config.VARIABLES["api_server"]: api_server, config.VARIABLES["token"]: token}
    with mock.patch.dict(os.environ, login):
        yield


@contextmanager
def unhurried() -> Iterator[None]:
    """Let no client wait: who answers is nobody that needs the time."""
    with mock.patch.multiple(timing, pause=mock.DEFAULT, look_pause=mock.DEFAULT):
        yield


@contextmanager
def loopback_only(allowed: Collection[str] = ()) -> Iterator[None]:
    """Refuse, with IsolationError, to look up, connect or send to any host but this machine.

    It is Python's sockets that refuse: other processes, and libraries in C that make sockets of
    their own, are not held. ``allowed`` are further hosts, by the names that are connected to.
    """
    passing = set(allowed)

    def check(host: Any) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name not in passing and not _is_here(name):
            raise IsolationError(
                f"the test tried to reach {name}: a test with agavepy's fixtures reaches only this "
                "machine. Use the clients of the fixtures, mark the test agave_live, or set "
                "`agave_isolate = false` in the configuration of pytest"
            )

    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(host)
        found = look_up(host, *args, **kwargs)
        if host in passing:
            passing.update(str(address[0]) for *_, address in found)
        return found

    def looked_up(function: Callable[..., Any]) -> Callable[..., Any]:
        def checked(host: Any) -> Any:
            check(host)
            return function(host)

        return checked

    def guarded(method: Callable[..., Any], before: int) -> Callable[..., Any]:
        def checked(self: socket.socket, *args: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                for address in args[before:][-1:]:  # a connected socket is told none
                    check(address[0])
            return method(self, *args)

        return checked

    with ExitStack() as stack:
        patch = mock.patch.object
        stack.enter_context(patch(socket, "getaddrinfo", getaddrinfo))
        for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
            stack.enter_context(patch(socket, name, looked_up(getattr(socket, name))))
        for name, before in (("connect", 0), ("connect_ex", 0), ("sendto", 1), ("sendmsg", 3)):
            method = guarded(getattr(socket.socket, name), before)
            stack.enter_context(patch(socket.socket, name, method))
        yield


def _is_here(host: str) -> bool:
    if host.lower() in _NAMES_OF_LOOPBACK or host.lower().endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
