"""The credentials of an account: what stamps its requests, and the login that gives its tokens."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agavepy import config
from agavepy.auth import authenticators, tenants
from agavepy.auth.attributes import PairAttributes
from agavepy.auth.cache import Cache, Identity
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.login import Login, LoginText, Token
from agavepy.auth.sessions import HOW_TO_LOG_IN
from agavepy.auth.tokens import Pair, TokenSource
from agavepy.errors import CredentialsError

if TYPE_CHECKING:
    from agavepy.transport import Transport

_making = threading.RLock()


class Credentials(PairAttributes, ABC):
    """Makes authenticators and tokens of the settings of an account, as they are when asked for."""

    api_server: str | None
    tenant_id: str | None
    client_name: str | None
    username: str | None
    password: str | None
    api_key: str | None
    api_secret: str | None
    token_username: str | None
    jwt: str | None
    header_name: str | None
    use_nonce: bool
    verify: bool | str
    token_callback: Callable[..., object] | None
    cache_client: bool
    flavour: str
    _transport: Transport | None
    _bearer: authenticators.Authenticator | None

    @property
    @abstractmethod
    def transport(self) -> Transport:
        """The way to the tenant; CredentialsError when no address was given."""

    @property
    def speaks_v3(self) -> bool:
        """Whether the tenant is one of Tapis v3."""
        return self.flavour == config.TAPIS3

    @property
    def has_credentials(self) -> bool:
        """Whether there is a token, or something to get one with."""
        names = ("username", "password") if self.speaks_v3 else ("api_key", "api_secret")
        given = self._given is not None and self._given.access
        return bool(given or all(getattr(self, name) for name in names))

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
            from agavepy.auth.tapis3 import TapisLogin

            return TapisLogin(self, pair, keeper=self._keeper(), on_grant=self._tell)
        if not (self.api_key and self.api_secret):
            return TokenSource(pair)
        transport = self.transport  # finds the address of a tenant that is known by its ID
        return Token(
            self.username,
            self.password,
            self.api_server or "",
            self.api_key,
            self.api_secret,
            self.verify,
            pair=pair,
            transport=transport,
            token_username=self.token_username,
            keeper=self._keeper(),
            on_grant=self._tell,
        )

    def _keeper(self) -> CachedLogin | None:
        return self._kept() if self.cache_client else None

    def _kept(self, directory: Path | None = None) -> CachedLogin:
        """Return the place of the login in ``directory``, else in the credentials directory."""
        cache = Cache.of(os.environ, self.flavour, directory)
        if self.speaks_v3 and not self.username:
            from agavepy.auth.tapis3 import user_of

            self.username = user_of(self._token or "")
        return CachedLogin(cache, Identity.of(self.__dict__), self._as_login)

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
        if not self.tenant_id and self.speaks_v3:
            from agavepy.auth.tapis3 import tenant_of

            self.tenant_id = tenant_of(self._token or "")
        elif not self.tenant_id:
            self.tenant_id = tenants.code_of(self.transport)
        names = ("api_server", "tenant_id", "client_name", "username", "api_key", "api_secret")
        return {name: getattr(self, name) for name in names}

    def _tell(self, pair: Pair) -> None:
        if self.token_callback is not None:
            self.token_callback(**pair.info())

    @property
    def token(self) -> LoginText | None:
        """The login with its ``token_info``; None for a client that cannot log in.

        At tenants of v2 that is one without an OAuth client, at those of v3 one without any
        credential. It is the text of the access token as well: ``f"Bearer {ag.token}"``. Setting it
        to text sets the access token.
        """
        if self.speaks_v3:
            can_log_in = self.has_credentials or bool(self.refresh_token)
        else:
            can_log_in = bool(
                self.api_key and self.api_secret and (self.api_server or self.tenant_id)
            )
        source = self._credentials() if can_log_in else None
        return source.as_text() if isinstance(source, Login) else None

    @token.setter
    def token(self, value: Login | str | None) -> None:
        if isinstance(value, Login) and not isinstance(value, str):
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
        CredentialsError when there is no OAuth client to save (at a tenant of v3: no credential),
        or it cannot be written.
        """
        if not self.token:
            raise CredentialsError(self._what_is_missing())
        if self.can_refresh:
            self._credentials().access()
        pair = self._pair or Pair("")
        login = self._kept(Path(cache_dir) if cache_dir else None)
        directory = login.cache.directory
        try:
            with login.locked():
                login.cache.log_in(self._as_login(), pair)
        except OSError as error:
            raise CredentialsError(
                f"cannot write the login to {directory}: {error.strerror}; give another cache_dir="
            ) from error

    def refresh_aris(self) -> None:
        """Do nothing: services always use the current token. Earlier releases needed the call."""
