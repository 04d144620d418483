"""Credentials for the security schemes of services that users bring, each for its own server."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import requests

from agavepy import errors
from agavepy.auth.authenticators import Authenticator, Bearer
from agavepy.auth.oauth import Grants
from agavepy.auth.tokens import Pair, TokenSource
from agavepy.config import origin
from agavepy.errors import CredentialsError, TokenError, UsageError
from agavepy.plan import Scheme
from agavepy.transport import Transport

_OAUTH_KEYS = frozenset(
    {"token", "refresh_token", "username", "password", "client_id", "client_secret", "scope"}
)
_TOKENS = frozenset({"bearer", "oauth2", "openid"})
#: How each kind of credential is given.
_FORMS = {
    "bearer": "a token",
    "basic": "(name, password)",
    "apikey": "a key",
    "openid": "a token",
    "mutual": "a client certificate",
}
_FLOWS = {
    "password": "dict(username=…, password=…), with client_id= and client_secret= if the service "
    "has clients",
    "client_credentials": "dict(client_id=…, client_secret=…)",
}
_INVALID = "invalid_token"  # RFC 6750, section 3.1


class Wallet:
    """What a user gave as ``auth`` for one service, and the tokens that were got with it.

    ``given`` is one credential, or a mapping of the names of security schemes to credentials. A
    credential is text (a token or key), a pair (name, password), a dict of ``token``,
    ``refresh_token``, ``username``, ``password``, ``client_id``, ``client_secret`` and ``scope``
    for OAuth2, or a ``requests.auth.AuthBase`` of your own. ``to`` makes the way to a token service
    and ``trusted`` tells whether secrets may go to an address. Raises UsageError for what is none.
    """

    def __init__(
        self,
        service: str,
        given: Any,
        to: Callable[[str], Transport],
        trusted: Callable[[str], bool],
    ) -> None:
        self._service = service
        self._by_name: dict[str, Any] = {}
        self._for_all: Any = None
        if isinstance(given, Mapping) and not given.keys() <= _OAUTH_KEYS:
            self._by_name = {str(name): self._checked(value) for name, value in given.items()}
        elif given is not None:
            self._for_all = self._checked(given)
        self._to = to
        self._trusted = trusted
        self._sources: dict[Scheme, TokenSource] = {}

    def _checked(self, value: Any) -> Any:
        if isinstance(value, Mapping) and value and value.keys() <= _OAUTH_KEYS:
            return dict(value)
        pair = (
            isinstance(value, Sequence) and len(value) == 2 and not isinstance(value, str | bytes)
        )
        if (isinstance(value, str) and value) or (callable(value) and not isinstance(value, type)):
            return value
        if pair and all(isinstance(part, str) for part in value):
            return tuple(value)
        # The value may be a secret of a wrong kind: it is not repeated.
        raise UsageError(
            f"auth for {self._service}: give text (a token or key), a pair (name, password), or a "
            f"dict of {', '.join(sorted(_OAUTH_KEYS))}; or a dict of these by the names of schemes"
        )

    def own(self) -> Any:
        """Return the user's own ``AuthBase``, if that is what was given for all schemes."""
        return self._for_all if callable(self._for_all) else None

    def authenticator(self, scheme: Scheme, base_url: str) -> Any:
        """Return what puts the credential of a scheme on requests to ``base_url``; None: none."""
        named = self._by_name.get(scheme.name)
        value = self._for_all if named is None else named
        made = None if value is None else self._make(scheme, value, base_url)
        if made is None and named is not None:
            raise CredentialsError(
                f"the credential for {scheme.name!r} of {self._service} does not fit: give "
                f"{form(scheme)}"
            )
        return made

    def _make(self, scheme: Scheme, value: Any, base_url: str) -> Any:  # noqa: PLR0911 - one for each kind
        kind = scheme.kind
        if callable(value):
            return value
        if kind == "apikey" and isinstance(value, str):
            return Key(scheme.location, scheme.key, value, base_url)
        if kind == "basic" and isinstance(value, tuple):
            text = b64encode(":".join(value).encode()).decode()
            return Key("header", "Authorization", f"Basic {text}", base_url)
        if kind == "http" and isinstance(value, str):
            return Key("header", "Authorization", f"{scheme.key} {value}", base_url)
        if kind in _TOKENS and isinstance(value, str):
            return Renewing(TokenSource(Pair(value)), base_url)
        if kind == "oauth2" and isinstance(value, tuple):
            value = dict(zip(("username", "password"), value, strict=True))
        if kind in _TOKENS and isinstance(value, dict):
            source = self._sources.get(scheme) or self._source(scheme, value, base_url)
            if source is not None:
                # Of two threads that make one at a time, both go on with the same.
                return Renewing(self._sources.setdefault(scheme, source), base_url)
        return None

    def _source(self, scheme: Scheme, given: dict[str, str], base_url: str) -> TokenSource | None:
        pair = Pair.from_record(given)
        user, client = {"username", "password"} <= given.keys(), "client_id" in given
        fits = {"password": user, "client_credentials": client and "client_secret" in given}
        renewable = bool(scheme.token_url) and (
            fits.get(scheme.flow, False) or bool(pair and pair.refresh)
        )
        if not renewable:
            return TokenSource(pair) if pair is not None and pair.access else None
        grants = renewals = self._grants(scheme, given, urljoin(f"{base_url}/", scheme.token_url))
        renewed_at = urljoin(f"{base_url}/", scheme.refresh_url or scheme.token_url)
        if self._trusted(renewed_at):  # else where tokens are granted (RFC 6749, section 6)
            renewals = self._grants(scheme, given, renewed_at)
        return TokenSource(pair, lambda old: _renewed(grants, renewals, scheme.flow, given, old))

    def _grants(self, scheme: Scheme, given: dict[str, str], url: str) -> _ForeignGrants:
        if not self._trusted(url):
            raise CredentialsError(
                f"{self._service}: its token service {errors.redact_url(url)} is not on the server "
                f"of the service, so no secret goes there: trust={_root(url)!r} allows it"
            )
        scope = given.get("scope") or " ".join(scheme.scopes)
        return _ForeignGrants(
            self._to(_root(url)),
            url,
            given.get("client_id", ""),
            given.get("client_secret", ""),
            scope,
        )

    def __repr__(self) -> str:
        return f"<Wallet of {self._service}>"


def form(scheme: Scheme) -> str:
    """Return how the credential of a scheme is given, as people write it."""
    if scheme.kind == "oauth2":
        return _FLOWS.get(scheme.flow, "a token")
    return _FORMS.get(scheme.kind, "its text")


class Key(Authenticator):
    """A fixed value in a header, a query term or a cookie."""

    def __init__(self, location: str, name: str, value: str, base_url: str) -> None:
        super().__init__(base_url)
        errors.keep_secret(name)
        self._location, self._name, self._value = location, name, value
        if location == "header":
            self.header_name = name

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Put the value on a request, once."""
        if self._location == "header":
            request.headers[self._name] = self._value
        elif self._location == "cookie":
            term = f"{self._name}={quote(self._value, safe='')}"
            _append(request.headers, "Cookie", "; ", term)
        else:
            assert request.url is not None
            term = f"{quote(self._name, safe='')}={quote(self._value, safe='')}"
            parts = urlsplit(request.url)
            if term not in (terms := parts.query.split("&")):
                query = "&".join(filter(None, [*terms, term]))
                request.url = urlunsplit(parts._replace(query=query))


def _append(headers: Any, name: str, separator: str, term: str) -> None:
    before = str(headers.get(name, ""))
    if term not in before.split(separator):
        headers[name] = separator.join(filter(None, (before, term)))


class Renewing(Bearer):
    """A token that is replaced when its server calls it invalid, as RFC 6750 has it."""

    def expired(self, response: requests.Response) -> bool:
        """Tell whether the answer means that the token is no longer good."""
        said = response.headers.get("WWW-Authenticate", "")
        return _INVALID in said or errors.expired_token(response)


class Together(Authenticator):
    """Several credentials that are needed together."""

    def __init__(self, needed: Iterable[Any], base_url: str) -> None:
        super().__init__(base_url)
        self.needed = tuple(needed)

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Put each of the credentials on a request to the right server."""
        for one in self.needed:
            one(request)

    def expired(self, response: requests.Response) -> bool:
        """Tell whether the answer means that one of them is no longer good."""
        return any(one.expired(response) for one in self.needed if hasattr(one, "expired"))

    def renew(self, response: requests.Response) -> bool:
        """Replace those that can be replaced."""
        renewed = [one.renew(response) for one in self.needed if hasattr(one, "renew")]
        return any(renewed)


class _ForeignGrants(Grants):
    """The grants of a token service that a document names, with the fields of RFC 6749."""

    def __init__(
        self, transport: Transport, url: str, client_id: str, client_secret: str, scope: str
    ) -> None:
        super().__init__(transport, client_id, client_secret)
        parts = urlsplit(url)
        self.path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self.scope = scope


def _renewed(
    grants: Grants, renewals: Grants, flow: str, given: Mapping[str, str], old: Pair | None
) -> Pair:
    """Get a pair: by the refresh token while that is good, else by the flow of the scheme."""
    can_log_in = flow == "client_credentials" or "password" in given
    if old is not None and old.refresh:
        try:
            return renewals.refresh_token(old)
        except TokenError as error:
            if error.status not in {400, 401} or not can_log_in:
                raise
    if flow == "client_credentials":
        return grants.client_credentials()
    return grants.password(given["username"], given["password"])


def _root(url: str) -> str:
    scheme, host, port = origin(url)
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}"


#: Where secrets may go besides the server of the service itself, as users give it.
Trust = bool | str | os.PathLike[str] | Iterable[str] | None


def trusts(given: Any, url: str) -> bool:
    """Tell whether ``trust=`` names the server of an address; True names all."""
    if isinstance(given, bool) or given is None:
        return bool(given)
    addresses = [given] if isinstance(given, str) else given
    return any(origin(_with_scheme(str(address))) == origin(url) for address in addresses)


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"https://{address}"
