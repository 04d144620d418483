"""Send prepared requests: connections, settings, timeouts, retries, redirects, token renewal.

Settings that requests looks up in the environment on every call (proxies, CA bundle) are looked up
once for a client and origin, and the request goes straight to the adapter that is mounted on the
session; hooks, cookies, headers, parameters and adapters of the session hold as with requests.
"""

from __future__ import annotations

import os
import random as random_module
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import requests
import urllib3
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.hooks import dispatch_hook
from requests.utils import default_user_agent, get_environ_proxies

from agavepy import redirects, timing
from agavepy.config import origin
from agavepy.errors import ConnectionFailed, TimedOut, UsageError, expired_token, redact_url
from agavepy.retry import Retries, cause_of, refused_certificate, timed_out
from agavepy.uplink import Adapter

#: Connections kept open to one host. The pool does not block beyond that: 32 threads use 32
#: connections at the most, since each uses one at a time, and downloads that are held open while
#: their client goes on calling must not lock it out of its own pool.
POOL_SIZE = 32
#: The longest body of an answer that is read to keep its connection rather than dropped.
_DRAIN = 1 << 16
Timeout = float | tuple[float | None, float | None] | None
_starting = threading.Lock()
_dispatch_hook: Callable[..., requests.Response] = dispatch_hook
_extract_cookies: Callable[..., None] = extract_cookies_to_jar


class Transport:
    """The way to one tenant.

    ``base_url`` has no trailing slash; a path prefix is kept. ``verify`` is True, False or the path
    of a CA bundle (True also takes REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE), ``proxies`` add to those
    of the environment. ``timeout`` is (connect, read) in seconds. A call is retried ``retries``
    times at the most, and no retry starts ``deadline_s`` seconds after it began. ``session`` is
    one of your own. ``clock`` (seconds from any start), ``sleep`` and ``random`` (0 to 1) are for
    tests. Usable from many threads, and in a child process after a fork. Raises UsageError for a
    ``base_url`` that is no web address.
    """

    def __init__(
        self,
        base_url: str,
        *,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        timeout: Timeout = (10.0, 60.0),
        retries: int = 4,
        deadline_s: float = 120.0,
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = timing.sleep,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self.retries = retries
        self.deadline_s = deadline_s
        self._verify = verify
        self._proxies = dict(proxies or {})
        self._given = self._session = session
        self._origin = _checked(self.base_url)
        self._pid = os.getpid()
        self._settings: dict[tuple[str, str, int], dict[str, Any]] = {}
        self._clock, self._sleep, self._random = clock, sleep, random

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without open connections; those of the other process are made anew."""
        return {**self.__dict__, "_session": self._given, "_settings": {}}

    @property
    def verify(self) -> bool | str:
        """Whether, or by which CA bundle, certificates are checked."""
        return self._verify

    @verify.setter
    def verify(self, value: bool | str) -> None:
        self._verify = value
        self._settings = {}

    @property
    def proxies(self) -> dict[str, str]:
        """The proxies given, by scheme or scheme and host; set a new dict to change them."""
        return self._proxies

    @proxies.setter
    def proxies(self, value: Mapping[str, str] | None) -> None:
        self._proxies = dict(value or {})
        self._settings = {}

    @property
    def session(self) -> requests.Session:
        """The session, made when it is first needed."""
        session = self._session
        if session is None:
            with _starting:
                session = self._session
                if session is None:
                    session = self._session = _new_session()
        if self._pid != (pid := os.getpid()):
            # After a fork: the connections in the pool are the parent's, who goes on using them.
            session.close()
            self._pid = pid
        return session

    def close(self) -> None:
        """Close the idle connections; the next request opens new ones."""
        if self._session is not None:
            self._session.close()

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        auth: Any = None,
        stream: bool = False,
        timeout: Timeout = None,
        operation: str = "",
        redirect: bool = True,
    ) -> requests.Response:
        """Send ``request`` and return the answer, whatever its status.

        ``auth`` stamps the request; if it has a method ``renew(response)`` that returns True for an
        answer that says "expired token" (``auth.expired(response)`` may tell how servers of another
        kind say it), the request is stamped and sent once more. With ``stream``
        the body of a success is left unread. ``operation`` is the name that errors give. Without
        ``redirect`` an answer that leads elsewhere is returned.

        Raises ConnectionFailed, TimedOut, and what ``auth`` raises.
        """
        kwargs: dict[str, Any] = {"stream": stream, "timeout": timeout or self.timeout}
        if auth is not None:
            request = auth(request)
        retries = Retries(
            str(request.method), self.retries, self.deadline_s, self._clock, self._random
        )
        history: list[requests.Response] = []
        renewed = False
        while True:
            response = self._persist(request, retries, kwargs, operation)
            if response.status_code < 300:
                break
            if response.status_code == 401 and not renewed and _renewed(auth, request, response):
                renewed = True
                request = auth(request)
                continue
            url = redirects.target(response) if redirect else None
            if url is None:
                break
            history.append(response)
            request, stays = _next(history, url, operation)
            if not stays:
                # A JWT travels in a header of any name.
                request.headers.pop(getattr(auth, "header_name", "Authorization"), None)
                auth = None  # what has left its origin gets no credentials on its way back either
            if auth is not None:
                request = auth(request)
        response.history = history
        return response

    def _persist(
        self,
        request: requests.PreparedRequest,
        retries: Retries,
        kwargs: dict[str, Any],
        operation: str,
    ) -> requests.Response:
        """Send one request, again where that is safe, until there is an answer to go on with."""
        while True:
            try:
                response = self._once(request, kwargs)
            except requests.HTTPError:
                raise  # by a hook of the session, about an answer that did arrive
            except requests.RequestException as error:
                wait = retries.after_error(error) if _replayable(request) else None
                if wait is None:
                    raise _translated(error, request, operation, kwargs["timeout"]) from error
            except (OSError, urllib3.exceptions.HTTPError) as error:
                # A CA bundle that is not there, or what requests hands through untranslated.
                raise ConnectionFailed(f"{operation}: {error}", request=request) from error
            else:
                if response.status_code < 400:
                    return response
                wait = retries.after_answer(response) if _replayable(request) else None
                if wait is None:
                    return response
                _release(response)
            self._sleep(wait)

    def _once(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        session = self.session
        url = str(request.url)
        ours = url.startswith(f"{self.base_url}/")
        settings = self._settings.get(key := self._origin if ours else origin(url))
        if settings is None:
            settings = self._settings[key] = self._look_up(session, url)
        kwargs = {**kwargs, **settings}
        headers: Any = request.headers
        for name, value in session.headers.items():
            if name not in headers:
                headers[name] = value
        if session.params:
            request.prepare_url(url, session.params)
        if session.cookies:
            request.prepare_cookies(session.cookies)
        if type(session).send is not requests.Session.send:
            # A session that has its own way of sending (a cache, a recorder) keeps it.
            plain: Any = request
            plain._cookies = plain._cookies or RequestsCookieJar()
            response = session.send(request, allow_redirects=False, **kwargs)
        else:
            start = time.perf_counter()
            response = session.get_adapter(url).send(request, **kwargs)
            response.elapsed = timedelta(seconds=time.perf_counter() - start)
            hooks = (request.hooks or {}).get("response") or session.hooks.get("response")
            if hooks:
                response = _dispatch_hook("response", {"response": hooks}, response, **kwargs)
            if "Set-Cookie" in response.headers:
                _extract_cookies(session.cookies, request, response.raw)
        if not kwargs["stream"] or response.status_code >= 400:
            _read(response)
        return response

    def at(self, base_url: str) -> Transport:
        """Return a way to another address with the same settings.

        Connections, cookies and what else the session has are shared at the same origin only.
        """
        return Transport(
            base_url,
            verify=self._verify,
            proxies=self._proxies,
            timeout=self.timeout,
            retries=self.retries,
            deadline_s=self.deadline_s,
            session=self.session if origin(base_url) == self._origin else None,
            clock=self._clock,
            sleep=self._sleep,
            random=self._random,
        )

    def proxies_for(self, url: str) -> dict[str, str]:
        """Return the proxies for an address, those of the environment included."""
        session = self.session
        proxies: dict[str, str] = {**session.proxies, **self._proxies}
        if session.trust_env:
            proxies = {**get_environ_proxies(url, no_proxy=proxies.get("no_proxy")), **proxies}
        return proxies

    def _look_up(self, session: requests.Session, url: str) -> dict[str, Any]:
        """Return the settings for an origin as requests would merge them for each call."""
        environment = session.trust_env
        proxies = self.proxies_for(url)
        verify: Any = self._verify
        if verify is True and session.verify is not True:
            verify = session.verify
        elif verify is True and environment:
            bundles = (os.environ.get(n) for n in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
            verify = next(filter(None, bundles), True)
        return {"verify": verify, "cert": session.cert, "proxies": proxies}


def _checked(base_url: str) -> tuple[str, str, int]:
    """Return the origin of a tenant's address, or raise UsageError."""
    found = origin(base_url)
    if found[0] not in ("http", "https") or not found[1]:
        raise UsageError(
            f"{redact_url(base_url)!r} is no address of a tenant: write it as https://host, with a "
            "port and a path prefix if it has them"
        )
    return found


def _new_session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = f"agavepy {default_user_agent()}"
    adapter = Adapter(pool_maxsize=POOL_SIZE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _renewed(auth: Any, request: requests.PreparedRequest, response: requests.Response) -> bool:
    """Renew a credential that was refused as expired; tell whether to send the request again."""
    renew = getattr(auth, "renew", None)
    if renew is None or not _replayable(request):
        return False
    expired = getattr(auth, "expired", expired_token)
    return bool(expired(response) and renew(response))


def _next(
    history: list[requests.Response], url: str, operation: str
) -> tuple[requests.PreparedRequest, bool]:
    """Return the request that follows the last answer to ``url``, and whether it stays there."""
    if len(history) > redirects.MOST:
        raise ConnectionFailed(
            f"{operation}: {redact_url(str(history[0].url))} redirects more than "
            f"{redirects.MOST} times, last to {redact_url(url)}"
        )
    _release(history[-1])
    request, stays = redirects.follow(history[-1], url)
    if not _replayable(request):
        raise ConnectionFailed(
            f"{operation}: the server redirects to {redact_url(url)}, and the body cannot "
            "be sent there because it can be read only once: give a file or bytes"
        )
    return request, stays


def _replayable(request: requests.PreparedRequest) -> bool:
    """Tell whether the body can be sent again; a streamed one of ours rewinds itself."""
    body = request.body
    if body is None or isinstance(body, bytes | str):
        return True
    return bool(getattr(body, "replayable", False))


def _read(response: requests.Response) -> None:
    """Read the body now, so that a broken one shows here, and at once and not in small chunks."""
    inner: Any = response
    raw = inner.raw
    if inner._content is not False or not isinstance(raw, urllib3.HTTPResponse):
        _ = response.content
        return
    try:
        inner._content = raw.read(decode_content=True)
    except urllib3.exceptions.ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except urllib3.exceptions.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error) from error
    inner._content_consumed = True


def _release(response: requests.Response) -> None:
    """Give the connection of an answer back: a short body is read, a long one cut off."""
    if not getattr(response, "_content_consumed", False):
        length = str(response.headers.get("Content-Length", ""))
        if length.isdecimal() and int(length) <= _DRAIN:
            with suppress(requests.RequestException):
                _read(response)
    response.close()


def _translated(
    error: requests.RequestException,
    request: requests.PreparedRequest,
    operation: str,
    timeout: Any,
) -> requests.RequestException:
    """Return the error of this package that says what happened and what to do."""
    url = redact_url(str(request.url))
    name = f"{operation}: " if operation else ""
    if timed_out(error):
        phase = "no connection to" if isinstance(error, requests.ConnectTimeout) else "no answer of"
        text = f"{name}{phase} {url} within the timeout, (connect, read) = {timeout} seconds"
        return TimedOut(text, request=request)
    cause = cause_of(error)
    parts = getattr(cause, "args", ()) if isinstance(cause, Exception) else (error,)
    told = ": ".join(str(part) for part in parts if isinstance(part, str | Exception))
    # urllib3 begins with the connection as an object, whose host the address says already.
    reason = redact_url(told.removeprefix(f"{getattr(cause, 'conn', '')}: "))
    if refused_certificate(error):
        text = f"the certificate of {url} was not accepted: {reason}; give the CA bundle of the "
        text += "site with verify= or REQUESTS_CA_BUNDLE"
    elif isinstance(error, requests.exceptions.ChunkedEncodingError):
        text = f"the answer of {url} broke off: {reason}"
    elif isinstance(error, requests.ConnectionError):
        text = f"cannot reach {url}: {reason}; check the address, and that the network is there"
    else:
        text = f"{url}: {reason}"
    return ConnectionFailed(name + text, request=request)
