"""An account: which tenant, by which credentials, through which connections; no services yet."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from agavepy import config
from agavepy.auth import authenticators, tenants
from agavepy.auth.credentials import Credentials
from agavepy.auth.tokens import Pair, TokenSource
from agavepy.errors import CredentialsError, UsageError
from agavepy.transport import Transport

NO_TENANT = (
    "the client does not know its tenant: Agave(api_server='https://…', …) or "
    "Agave(tenant_id='…', …), or Agave.restore() for a cached login"
)
_making = threading.Lock()


class Account(Credentials):
    """The settings and the token of one client, usable from many threads; see its keywords there.

    Raises UsageError for an address that is none, or proxies that are no dict, CredentialsError for
    a jwt without its header.
    """

    _show_curl: bool | None = None  # not known before it is needed

    def __init__(
        self,
        *,
        api_server: str | None = None,
        tenant_id: str | None = None,
        client_name: str | None = None,
        username: str | None = None,
        password: str | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
        token: str | None = None,
        refresh_token: str | None = None,
        created_at: float | str | None = None,
        expires_in: float | str | None = None,
        expires_at: float | str | None = None,
        token_username: str | None = None,
        jwt: str | None = None,
        jwt_header_name: str | None = None,
        use_nonce: bool = False,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        token_callback: Callable[..., object] | None = None,
        resources: Any = None,
        cache_client: bool = True,
        flavour: str = "agave",
        specs: Any = None,
        auth: Mapping[str, Any] | None = None,
        trust: Any = None,
        **others: Any,
    ) -> None:
        spelled = config.other_spellings(others)
        api_server = api_server or spelled.get("api_server")
        if jwt and not jwt_header_name:
            raise CredentialsError("jwt needs jwt_header_name, the header that it travels in")
        if token_callback is not None and not callable(token_callback):
            raise UsageError(f"token_callback={token_callback!r} is not callable")
        if proxies is not None and not isinstance(proxies, Mapping):
            # It is not repeated: an address without its scheme shows a password to anybody.
            raise UsageError(
                f"proxies= is of type {type(proxies).__name__}: give a dict, such as "
                "{'https': 'http://host:3128'}"
            )
        self.api_server = config.server_url(api_server) if api_server else None
        self.tenant_id = tenant_id or spelled.get("tenant_id")
        self.client_name = client_name
        self.username = username
        self.password = password
        self.api_key = api_key or spelled.get("api_key")
        self.api_secret = api_secret or spelled.get("api_secret")
        self.token_username = token_username
        self.jwt = jwt
        self.header_name = jwt_header_name
        self.use_nonce = use_nonce
        self.verify = config.default_verify(os.environ) if verify is None else verify
        self.proxies = proxies
        self.token_callback = token_callback
        self.resources = resources
        self.cache_client = cache_client
        self.flavour = config.flavour(flavour)
        self._specs, self._auth, self._trust = specs, auth, trust
        self._given = Pair.from_record(
            {
                "token": config.token_text(token or spelled.get("token")),
                "refresh_token": refresh_token,
                "created_at": created_at,
                "expires_in": expires_in,
                "expires_at": expires_at,
            }
        )
        self._source: TokenSource | None = None
        self._transport: Transport | None = None
        self._bearer: authenticators.Authenticator | None = None
        if self.verify is False:
            warnings.warn(
                "verify=False: certificates are not checked, so anybody on the way can read the "
                "token; give the path of a CA bundle instead",
                stacklevel=2,
            )
        if not (
            self.api_server or self.tenant_id or self._given or others or specs is not None
        ) and not (username or api_key or jwt or use_nonce):
            self._choose_tenant()

    def _choose_tenant(self) -> None:
        """Find out what a client without any argument is for."""
        raise UsageError(NO_TENANT)

    @property
    def transport(self) -> Transport:
        """The way to the tenant; CredentialsError when no address was given."""
        transport = self._transport
        if transport is None:
            if not self.api_server:
                if not self.tenant_id:
                    raise CredentialsError(NO_TENANT)
                self.tenant_id, found = tenants.find(
                    self.tenant_id, verify=self.verify, proxies=self.proxies
                )
                self.api_server = config.server_url(found)
            with _making:
                transport = self._transport
                if transport is None:
                    transport = Transport(self.api_server, verify=self.verify, proxies=self.proxies)
                    if self.show_curl:
                        _show_curl(transport, True)
                    self._transport = transport
        return transport

    @property
    def show_curl(self) -> bool:
        """Whether each request is shown on standard error, as curl would make it, no secret in it.

        At first as TAPIS_PY_SHOW_CURL says.
        """
        if self._show_curl is None:
            self._show_curl = config.show_curl(os.environ)
        return self._show_curl

    @show_curl.setter
    def show_curl(self, value: bool) -> None:
        self._show_curl = bool(value)
        if self._transport is not None:
            _show_curl(self._transport, self._show_curl)

    @property
    def host(self) -> str:
        """Host and port of the tenant."""
        return urlsplit(self.api_server or "").netloc

    def to_dict(self) -> dict[str, Any]:
        """Return the keywords from which an equal client can be made, secrets included."""
        names = (
            "username",
            "api_server",
            "tenant_id",
            "client_name",
            "api_key",
            "api_secret",
            "use_nonce",
            "verify",
            "proxies",
            "token_username",
        )
        given = self._brought()
        more = {name: value for name, value in given.items() if value is not None}
        tokens = {"token": self._token, "refresh_token": self.refresh_token, **self._times()}
        return {**{name: getattr(self, name) for name in names}, **tokens, **more}

    def _brought(self) -> dict[str, Any]:
        """Return the keywords of the client that are about documents of the user."""
        flavour = self.flavour if self.speaks_v3 else None
        return {
            "flavour": flavour,
            "specs": self._specs,
            "auth": self._auth,
            "trust": self._trust,
        }

    def __repr__(self) -> str:
        who = self.token_username or self.username or "somebody"
        through = f" through {self.client_name}" if self.client_name else ""
        where = self.api_server or "no tenant yet"
        return f"<{type(self).__name__} {who}{through} at {where}>"

    def __copy__(self) -> Account:
        """Return a client of its own that shares token and connections: both are safe to share."""
        twin = type(self).__new__(type(self))
        state = self._state()
        if self.api_server and self.token is not None:
            state["_source"] = self._credentials()
        twin.__dict__.update(state)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Account:
        return self.__copy__()

    def _state(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle settings and the token pair, without locks and connections."""
        state = self._state()
        return {**state, "_given": self._pair, "_source": None, "_transport": None, "_bearer": None}


def _show_curl(transport: Transport, wanted: bool) -> None:
    from agavepy import curl  # not on the path of a call that is not shown

    curl.show(transport.session, wanted)
