"""The login of one user, as callers hold it in ``ag.token``; that through an OAuth client of v2."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agavepy import config, timing
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.oauth import LOG_IN_AGAIN, Grants
from agavepy.auth.tokens import Clock, Pair, TokenSource
from agavepy.errors import CredentialsError, TokenError

if TYPE_CHECKING:
    from typing_extensions import Self

    from agavepy.transport import Transport

_making = threading.Lock()


class Login(TokenSource, ABC):
    """What callers can read of and ask from the login of one user, at a tenant of any release.

    A renewal uses the refresh token. When the server does not accept that any more and the
    password is known, it logs in again; else TokenError says what to do.
    """

    username: str | None
    password: str | None

    @property
    def token_info(self) -> dict[str, Any]:
        """The token and what belongs to it.

        The keys: access_token, refresh_token, token_type, scope, expires_in (seconds), created_at
        and expiration (epoch seconds) and expires_at (text, local time). Empty before the first
        grant.
        """
        pair = self.pair
        return pair.info() if pair is not None else {}

    @token_info.setter
    def token_info(self, info: dict[str, Any]) -> None:
        record = {**info, "token": info.get("access_token")}
        if "expiration" in info:
            record["expires_at"] = info["expiration"]
        self.pair = Pair.from_record(record)

    def create(self) -> str:
        """Log in, whatever token there is, and return the new access token.

        Raises TokenError when the server refuses, CredentialsError when something is missing.
        """
        return self._replace(self.pair, refused=True, forced=True, grant=self._log_in).access

    def refresh(self) -> str:
        """Trade the refresh token for a new pair and return the new access token.

        Without a refresh token, log in. Raises what :meth:`create` does.
        """
        return self._replace(self.pair, refused=True, forced=True, grant=self._renew).access

    @property
    def can_refresh(self) -> bool:
        """Whether a new token can be got without asking anybody."""
        pair = self.pair
        return bool(pair is not None and pair.refresh) or self._can_log_in()

    @abstractmethod
    def as_text(self) -> LoginText:
        """Return the login as something that is the text of its access token too."""

    def _get(self, pair: Pair | None) -> Pair:
        try:
            return self._renew(pair)
        except TokenError as error:
            used_up = pair is not None and pair.refresh and error.status in {400, 401}
            if not used_up or not self._can_log_in():
                raise
        return self._log_in(pair)

    def _renew(self, pair: Pair | None) -> Pair:
        if pair is not None and pair.refresh:
            return self._grants().refresh_token(pair)
        return self._log_in(pair)

    def _means(self) -> tuple[Any, ...]:
        return self.username, self.password

    def _takes_over(self) -> bool:
        # A password that was given is for the server to check, not to pass over for the cache.
        return not (self.username and self.password)

    def _note_login(self) -> None:
        """Tell the keeper that a user has just logged in: the login becomes the current one."""
        if isinstance(self.keeper, CachedLogin):
            self.keeper.logged_in = True

    @abstractmethod
    def _can_log_in(self) -> bool:
        """Tell whether a token can be got without a refresh token."""

    @abstractmethod
    def _log_in(self, pair: Pair | None) -> Pair:
        """Get a pair without a refresh token. Raises what :meth:`create` does."""

    @abstractmethod
    def _grants(self) -> Grants:
        """Return the way to ask the token service. Raises CredentialsError."""

    def __str__(self) -> str:
        """Return the description: the text of the token is ``token_info["access_token"]``."""
        return repr(self)


class Token(Login):
    """Gets, keeps and renews the access token of a user.

    ``username``, ``password`` and all others may be set after construction, before
    :meth:`create`. With ``token_username`` the user is an administrator who gets a token of that
    user. ``parent.refresh_aris()``, where there is one, is called after each grant. ``_token`` and
    ``_refresh_token`` are a pair that there is already, whose age ``created_at`` (epoch seconds),
    ``expires_in`` (seconds) and ``expires_at`` tell.
    """

    def __init__(
        self,
        username: str | None = None,
        password: str | None = None,
        api_server: str = "",
        api_key: str | None = None,
        api_secret: str | None = None,
        verify: bool | str = True,
        parent: Any = None,
        _token: str | None = None,
        _refresh_token: str | None = None,
        token_username: str | None = None,
        expires_at: float | str | None = None,
        expires_in: float | str | None = None,
        created_at: float | str | None = None,
        *,
        pair: Pair | None = None,
        transport: Transport | None = None,
        keeper: CachedLogin | None = None,
        on_grant: Callable[[Pair], object] | None = None,
        clock: Clock = timing.now,
    ) -> None:
        pair = pair or Pair.from_record(
            {
                "token": _token,
                "refresh_token": _refresh_token,
                "expires_at": expires_at,
                "expires_in": expires_in,
                "created_at": created_at,
            }
        )
        super().__init__(pair, self._get, keeper=keeper, on_grant=self._granted, clock=clock)
        self.username = username
        self.password = password
        self.api_server = config.server_url(api_server) if api_server else ""
        self.api_key = api_key
        self.api_secret = api_secret
        self.token_username = token_username
        self.verify = verify
        self.parent = parent
        self._callback = on_grant
        self._transport = transport
        #: The token is one of the OAuth client's owner, which the client can get at any time.
        self._of_client = False

    @property
    def token_url(self) -> str:
        """The address at which tokens are got."""
        from agavepy import loader

        return self.api_server + loader.service_plan("token")["create"].path

    def _can_log_in(self) -> bool:
        return bool(self.username and self.password) or self._of_client

    def _log_in(self, pair: Pair | None) -> Pair:
        grants = self._grants()
        if self.username and self.password:
            if self.token_username:
                return grants.admin_password(self.username, self.password, self.token_username)
            new = grants.password(self.username, self.password)
            self._note_login()
            return new
        if self._of_client or (pair is None and not self.username and not self.token_username):
            new = grants.client_credentials()
            self._of_client = True
            return new
        missing = " and ".join(name for name in ("username", "password") if not getattr(self, name))
        raise CredentialsError(
            f"a token cannot be got without {missing}, because there is no refresh token: "
            f"{LOG_IN_AGAIN}"
        )

    def _grants(self) -> Grants:
        if not (self.api_key and self.api_secret and self.api_server):
            needed = ("api_server", "api_key", "api_secret")
            missing = " and ".join(name for name in needed if not getattr(self, name))
            raise CredentialsError(f"a token cannot be got without {missing}: {LOG_IN_AGAIN}")
        return Grants(self._way(), self.api_key, self.api_secret, self._clock)

    def _way(self) -> Transport:
        if self._transport is None:
            from agavepy.transport import Transport

            with _making:
                if self._transport is None:
                    self._transport = Transport(self.api_server, verify=self.verify)
        return self._transport

    def _granted(self, pair: Pair) -> None:
        if self._callback is not None:
            self._callback(pair)
        told = getattr(self.parent, "refresh_aris", None)
        if told is not None:
            told()

    def as_text(self) -> TokenText:
        """Return the login as something that is the text of its access token too."""
        return TokenText.of(self)


class LoginText(Login, str):
    """The text of an access token, "" while there is none, that is also the login it comes from.

    All that is asked of or set on it is asked of or set on that login, so that it tells of later
    tokens too; only the text stays what it was. Its ``repr`` does not show the text.
    """

    @classmethod
    def of(cls, login: Login) -> Self:
        """Make one; the two share their state."""
        pair = login.pair
        made = str.__new__(cls, pair.access if pair is not None else "")
        made.__dict__ = login.__dict__
        return made

    __str__ = str.__str__

    def __bool__(self) -> bool:
        """Be true like any login, also before there is a token."""
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the text."""
        return str, (str(self),)


class TokenText(LoginText, Token):
    """The text of the access token of a :class:`Token`."""
