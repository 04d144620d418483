"""Where the documents of a client come from: files, addresses of the web, objects in memory."""

from __future__ import annotations

import json
import socket
import threading
import time
import warnings
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from agavepy import diskcache, reading, redirects, trust
from agavepy.checked import check_addresses
from agavepy.config import PORTS, origin
from agavepy.errors import (
    ConnectionFailed,
    DescriptionError,
    TimedOut,
    from_response,
    redact_url,
)
from agavepy.loader import digest
from agavepy.transport import Transport

#: Seconds for which a page that was fetched or asked about is not asked about again in a process.
FRESH_S = 60.0
#: Seconds for which a page that could not be had is not asked for again by the same client: it is
#: looked at several times for one service, and each time might wait for an answer in vain.
_FAILED_S = 1.0
_ACCEPT = "application/json, application/yaml, */*;q=0.5"


class _Page(NamedTuple):
    content: bytes
    etag: str
    modified: str
    asked_at: float  # by the monotonic clock; 0: in another process


_pages: dict[str, _Page] = {}
_lock = threading.RLock()


class Documents:
    """Reads documents by their origins, the web with the settings of one client.

    A page of the web is asked for once a minute at the most, and only whether it has changed; where
    its server cannot be reached or fails, the last copy serves, with a UserWarning. No credential
    is sent: not every page is where it says.
    """

    def __init__(self, verify: bool | str = True, proxies: Mapping[str, str] | None = None) -> None:
        self._verify = verify
        self._proxies = proxies
        self._objects: dict[str, bytes] = {}
        self._failed: dict[str, tuple[float, DescriptionError]] = {}

    def add(self, document: Mapping[str, Any]) -> str:
        """Return the origin of an object in memory. Raises DescriptionError if it is no JSON."""
        try:
            content = json.dumps(document).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise DescriptionError(f"a description in memory is no plain data: {error}") from error
        reading.refuse_size(len(content), "a description in memory")
        found = trust.MEMORY + digest(content)
        self._objects[found] = content
        return found

    def content(self, origin: str) -> bytes:
        """Return a document as it is now. Raises DescriptionError."""
        if origin in self._objects:
            return self._objects[origin]
        if trust.is_web(origin):
            return self._page(origin).content
        return reading.read_bytes(trust.path_of(origin))

    def stamp(self, origin: str) -> Any:
        """Return what differs when a document does. Raises DescriptionError."""
        if origin in self._objects:
            return origin
        if trust.is_web(origin):
            return digest(self._page(origin).content)
        path = trust.path_of(origin)
        try:
            status = path.stat()
        except OSError as error:
            raise DescriptionError(
                f"cannot read the description {path}: {error.strerror}"
            ) from error
        return status.st_mtime_ns, status.st_size, status.st_ino

    def ask_again(self) -> None:
        """Ask for pages that could not be had as soon as they are needed."""
        self._failed.clear()

    def _page(self, url: str) -> _Page:
        with _lock:
            page = _pages.get(url) or _kept(url)
            if page is None or not page.asked_at or time.monotonic() - page.asked_at > FRESH_S:
                failed = self._failed.get(url)
                if failed is not None and time.monotonic() - failed[0] < _FAILED_S:
                    raise DescriptionError(*failed[1].args) from failed[1].__cause__
                try:
                    page = _pages[url] = self._ask(url, page)
                except DescriptionError as error:
                    self._failed[url] = time.monotonic(), error
                    raise
            return page

    def _ask(self, url: str, page: _Page | None) -> _Page:
        try:
            response = self._get(url, page)
            if response.status_code == 304 and page is not None:
                return page._replace(asked_at=time.monotonic())
            if not response.ok:
                raise from_response(response, "", "is that the address of a description?")
            content = _body(response, url)
        except (ConnectionFailed, TimedOut, requests.HTTPError) as error:
            status = getattr(error, "status", 0)
            if page is None or 400 <= status < 500:
                raise DescriptionError(
                    f"cannot read the description {redact_url(url)}: {error}"
                ) from error
            warnings.warn(
                f"{redact_url(url)} cannot be asked for its description: the last copy is used "
                f"({error})",
                stacklevel=2,
            )
            return page._replace(asked_at=time.monotonic())
        headers = response.headers
        page = _Page(
            content, headers.get("ETag", ""), headers.get("Last-Modified", ""), time.monotonic()
        )
        _keep(url, page)
        return page

    def _get(self, url: str, page: _Page | None) -> requests.Response:
        """Return the unread answer of a page; it is followed to its own server only."""
        asked = {"Accept": _ACCEPT}
        if page is not None and page.etag:
            asked["If-None-Match"] = page.etag
        elif page is not None and page.modified:
            asked["If-Modified-Since"] = page.modified
        for _ in range(redirects.MOST):
            way = Transport(
                url, verify=self._verify, proxies=self._proxies, retries=1, deadline_s=30.0
            )
            if not _has_proxy(way, url):
                _refuse_names(url)
            check_addresses(way.session)
            request = requests.Request("GET", url, headers=asked).prepare()
            response = way.send(request, stream=True, redirect=False)
            target = redirects.target(response)
            if target is None:
                return response
            response.close()
            trust.refuse_redirect(url, target)
            url = target
        raise DescriptionError(f"{redact_url(url)} redirects more than {redirects.MOST} times")


def _has_proxy(way: Transport, url: str) -> bool:
    """Tell whether a proxy looks the name up: then it cannot be told where it leads."""
    return bool(requests.utils.select_proxy(url, way.proxies_for(url)))


def _refuse_names(url: str) -> None:
    scheme, host, port = origin(url)
    try:
        found = socket.getaddrinfo(host, port or PORTS[scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # the request will say so
    trust.refuse_addresses(host, (str(entry[4][0]) for entry in found))


def _body(response: requests.Response, url: str) -> bytes:
    """Read an answer up to the largest size; compressed ones as they are unpacked."""
    read: list[bytes] = []
    size = 0
    try:
        for block in response.iter_content(1 << 16):
            size += len(block)
            reading.refuse_size(size, redact_url(url))
            read.append(block)
    except requests.RequestException as error:
        raise ConnectionFailed(f"the answer of {redact_url(url)} broke off: {error}") from error
    finally:
        response.close()
    return b"".join(read)


def _kept(url: str) -> _Page | None:
    """Return the copy of a page that another process has left."""
    try:
        known = json.loads(diskcache.read(diskcache.place("documents", url)) or b"")
        content = known["content"].encode("utf-8", "surrogateescape")
        return _Page(content, str(known["etag"]), str(known["modified"]), 0.0)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep(url: str, page: _Page) -> None:
    text = page.content.decode("utf-8", "surrogateescape")
    known = {"url": redact_url(url), "etag": page.etag, "modified": page.modified, "content": text}
    diskcache.write(diskcache.place("documents", url), json.dumps(known).encode())


def forget() -> None:
    """Ask about every page again when it is next needed."""
    with _lock:
        for url, page in list(_pages.items()):
            _pages[url] = page._replace(asked_at=0.0)


def stem(origin: str) -> str:
    """Return the last name in a path or web address, without its suffix."""
    name = urlsplit(origin).path if trust.is_web(origin) else origin
    return PurePath(name).stem
