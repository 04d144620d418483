"""An account: which tenant, by which credentials, through which connections; no services yet."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agavepy import config
from agavepy.auth import authenticators, tenants
from agavepy.auth.attributes import PairAttributes
from agavepy.auth.cache import Cache, Identity
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.login import Token, TokenText
from agavepy.auth.sessions import HOW_TO_LOG_IN
from agavepy.auth.tokens import Pair, TokenSource
from agavepy.errors import CredentialsError, UsageError
from agavepy.transport import Transport

NO_TENANT = (
    "the client does not know its tenant: Agave(api_server='https://…', …) or "
    "Agave(tenant_id='…', …), or Agave.restore() for a cached login"
)
_making = threading.RLock()


class Account(PairAttributes):
    """The settings and the token of one client, usable from many threads; see its keywords there.

    Raises UsageError for an address that is none, CredentialsError for a jwt without its header.
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
                found = tenants.server_of(self.tenant_id, verify=self.verify, proxies=self.proxies)
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

    def authenticator(
        self, security: str, base_url: str = ""
    ) -> authenticators.Authenticator | None:
        """Return what puts a credential on requests: bearer, user, client or none.

        With ``base_url`` it is for another server than the tenant's, which the caller trusts.
        Raises CredentialsError naming what is missing.
        """
        if security == "bearer":
            if not base_url or config.origin(base_url) == config.origin(self.transport.base_url):
                return self._bearer or self._make_bearer()
            return self._bearer_for(base_url)
        if security == "none":
            return None
        base_url = base_url or self.transport.base_url
        if security == "user":
            if not (self.username and self.password):
                raise CredentialsError(
                    "the call needs the user's own name and password: Agave(username=…, password=…)"
                )
            return authenticators.UserBasic(self.username, self.password, base_url)
        if security == "client":
            if not (self.api_key and self.api_secret):
                raise CredentialsError(
                    "the call needs the key and secret of an OAuth client: "
                    "Agave(api_key=…, api_secret=…)"
                )
            return authenticators.ClientBasic(self.api_key, self.api_secret, base_url)
        return None

    def _make_bearer(self) -> authenticators.Authenticator | None:
        if not self.use_nonce:
            self._bearer = self._bearer_for(self.transport.base_url)
        return self._bearer

    def _bearer_for(self, base_url: str) -> authenticators.Authenticator:
        if self.jwt and self.header_name:
            return authenticators.Jwt(self.header_name, self.jwt, base_url)
        if self.speaks_v3:
            from agavepy.auth.tapis3 import TapisToken

            return TapisToken(self._credentials(), base_url)
        return authenticators.Bearer(self._credentials(), base_url)

    def _credentials(self) -> TokenSource:
        """Return the source of tokens; CredentialsError when there is nothing to get one with."""
        source = self._source
        if source is None:
            if not self.has_credentials:
                raise CredentialsError(self._what_is_missing())
            with _making:
                source = self._source
                if source is None:
                    source = self._source = self._make_source()
        return source

    def _make_source(self) -> TokenSource:
        pair = self._given
        if pair is not None and not (pair.access or pair.refresh):
            pair = None  # its times were set and nothing else
        if self.speaks_v3:
            from agavepy.auth.tapis3 import Login

            return Login(self, pair, on_grant=self._tell)
        if not (self.api_key and self.api_secret):
            return TokenSource(pair)
        transport = self.transport  # finds the address of a tenant that is known by its ID
        login = Token(
            self.username,
            self.password,
            self.api_server or "",
            self.api_key,
            self.api_secret,
            self.verify,
            pair=pair,
            transport=transport,
            token_username=self.token_username,
            on_grant=self._tell,
        )
        if self.cache_client:
            identity = Identity.of(self.__dict__)
            login.keeper = CachedLogin(Cache.of(os.environ), identity, self._as_login)
        return login

    def _what_is_missing(self) -> str:
        if self.speaks_v3:
            return "the client has no credentials: give username= and password=, or token="
        if self.username and self.password:
            return (
                "a user name and a password are good for ag.clients only; make an OAuth client "
                "with ag.clients.create(body={'clientName': …}), which also gets a token, or give "
                "api_key= and api_secret= of one that there is"
            )
        return (
            "the client has no credentials: give a token=, or use Agave.restore(). " + HOW_TO_LOG_IN
        )

    def _as_login(self) -> dict[str, Any]:
        """Return what is cached of a login, the code of the tenant included if it can be told."""
        if not self.tenant_id:
            self.tenant_id = tenants.code_of(self.transport)
        names = ("api_server", "tenant_id", "client_name", "username", "api_key", "api_secret")
        return {name: getattr(self, name) for name in names}

    def _tell(self, pair: Pair) -> None:
        if self.token_callback is not None:
            self.token_callback(**pair.info())

    @property
    def token(self) -> TokenText | None:
        """The login with its ``token_info``; None for a client without an OAuth client.

        It is the text of the access token as well: ``f"Bearer {ag.token}"``. Setting it to text
        sets the access token.
        """
        if not (self.api_key and self.api_secret and (self.api_server or self.tenant_id)):
            return None
        if self.speaks_v3:
            return None
        source = self._credentials()
        return source.as_text() if isinstance(source, Token) else None

    @token.setter
    def token(self, value: Token | str | None) -> None:
        if isinstance(value, Token) and not isinstance(value, str):
            self._source, self._bearer = value, None
        else:
            self._token = value

    @property
    def can_refresh(self) -> bool:
        """Whether a new token can be got when this one expires."""
        token = self.token
        return token is not None and token.can_refresh

    def refresh(self) -> str:
        """Get a new access token and return its text; a bare client returns the one it has.

        Raises TokenError when the server refuses, CredentialsError when there is no token at all.
        """
        return self._credentials().refresh()

    def tokens(self) -> dict[str, str | None]:
        """Return access_token and refresh_token, after a login or renewal if one is due."""
        access = self._credentials().access()
        return {"access_token": access, "refresh_token": self.refresh_token}

    def set_client(self, key: str, secret: str) -> None:
        """Go on with another OAuth client; a token is got at once when there is none."""
        with _making:
            pair = self._pair
            if pair is not None and self.api_key != key:
                # The refresh token belongs to the client that it was got through.
                pair = pair._replace(refresh="") if pair.access else None
            self.api_key, self.api_secret = key, secret
            self._start_over(pair)
        if pair is None and self.username and self.password:
            self._credentials().access()

    def _start_over(self, pair: Pair | None) -> None:
        """Go on with ``pair`` and with the settings as they are now."""
        self._given, self._source, self._bearer = pair, None, None
        way = self._transport
        if way is not None and (way.base_url, way.verify) != (self.api_server, self.verify):
            self._transport = None

    def save_configs(self, cache_dir: str | os.PathLike[str] | None = None) -> None:
        """Make this login the current cached one, in ``cache_dir`` or the credentials directory.

        A login that has no token so far, nor what to get one with, is saved without. Raises
        CredentialsError when there is no OAuth client to save, or it cannot be written.
        """
        if not self.token:
            raise CredentialsError(self._what_is_missing())
        if self.can_refresh:
            self._credentials().access()
        pair = self._pair or Pair("")
        directory = Path(cache_dir) if cache_dir else config.credentials_directory(os.environ)
        cache = Cache(directory, config.home_directory(os.environ))
        login = CachedLogin(cache, Identity.of(self.__dict__), self._as_login)
        try:
            with login.locked():
                cache.log_in(self._as_login(), pair)
        except OSError as error:
            raise CredentialsError(
                f"cannot write the login to {directory}: {error.strerror}; give another cache_dir="
            ) from error

    def refresh_aris(self) -> None:
        """Do nothing: services always use the current token. Earlier releases needed the call."""

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

    def __repr__(self) -> str:
        who = self.token_username or self.username or "somebody"
        through = f" through {self.client_name}" if self.client_name else ""
        where = self.api_server or "no tenant yet"
        return f"<{type(self).__name__} {who}{through} at {where}>"

    def __copy__(self) -> Account:
        """Return a client of its own that shares token and connections: both are safe to share."""
        twin = type(self).__new__(type(self))
        state = self._state()
        if self.api_key and self.api_secret and self.api_server:
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
