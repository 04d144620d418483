"""Logging in at a tenant of Tapis v3: its token service, its JWTs and the header of these."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import requests

from agavepy import errors, loader, request, timing
from agavepy.auth.authenticators import Bearer
from agavepy.auth.login import Login, LoginText
from agavepy.auth.oauth import Grants, refusal
from agavepy.auth.tokens import Clock, Grant, Keeper, Pair, TokenSource
from agavepy.config import seconds

if TYPE_CHECKING:
    from agavepy.auth.credentials import Credentials

HEADER = "X-Tapis-Token"
_HINT = "log in again: Agave(api_server=…, flavour='tapis3', username=…, password=…)"
#: How the validators of the v3 services say that a token is too old: PyJWT "Signature has
#: expired", jjwt "JWT expired at …".
_EXPIRED = "expired"


class TapisToken(Bearer):
    """The access token of a source, in the header of Tapis v3."""

    header_name = HEADER

    def stamp(self, request: requests.PreparedRequest) -> None:
        """Set the header; raises what ``TokenSource.access`` does."""
        request.headers[HEADER] = self.source.access()

    def advice(self, status: int, operation: str) -> str:
        """Return how to log in again, which one does otherwise than at other tenants."""
        return _HINT if status == 401 else ""

    def expired(self, response: requests.Response) -> bool:
        """Tell whether the answer means that the token is too old."""
        return response.status_code == 401 and _EXPIRED in errors.server_message(response).lower()

    def renew(self, response: requests.Response) -> bool:
        """Renew the token, unless that has been done since the request was stamped."""
        used = str(response.request.headers.get(HEADER, ""))
        return bool(used) and self.matches(response.request.url) and self.source.renew(used)


class TapisLogin(Login):
    """The login of an account at a v3 tenant.

    ``api_key`` and ``api_secret`` of the account are the id and key of an OAuth client, if it has
    one: only clients are given refresh tokens. Without one, the password gets the next token.
    """

    def __init__(
        self,
        account: Credentials,
        pair: Pair | None,
        *,
        keeper: Keeper | None = None,
        on_grant: Callable[[Pair], object] | None = None,
        clock: Clock = timing.now,
    ) -> None:
        self._account = account
        super().__init__(_dated(pair), self._get, keeper=keeper, on_grant=on_grant, clock=clock)

    @property
    def username(self) -> str | None:
        """The user's name, as the account has it."""
        return self._account.username

    @username.setter
    def username(self, value: str | None) -> None:
        self._account.username = value

    @property
    def password(self) -> str | None:
        """The user's password, as the account has it."""
        return self._account.password

    @password.setter
    def password(self, value: str | None) -> None:
        self._account.password = value

    def refresh(self) -> str:
        """Get a new access token now and return it; a token that was given alone stays.

        Raises what :meth:`create` does.
        """
        return TokenSource.refresh(self)

    def as_text(self) -> TapisText:
        """Return the login as something that is the text of its access token too."""
        return TapisText.of(self)

    def _way_to_renew(self) -> Grant | None:
        # A password or a refresh token may be set at any time.
        return self._get if self.can_refresh else None

    def _can_log_in(self) -> bool:
        return bool(self._account.username and self._account.password)

    def _log_in(self, pair: Pair | None) -> Pair:
        account = self._account
        if not (account.username and account.password):
            raise errors.CredentialsError(f"a token cannot be got without a password: {_HINT}")
        new = self._grants().password(account.username, account.password)
        self._note_login()
        return new

    def _grants(self) -> Tapis3Grants:
        account = self._account
        return Tapis3Grants(
            account.transport, account.api_key or "", account.api_secret or "", self._clock
        )


class TapisText(LoginText, TapisLogin):
    """The text of the access token of a :class:`TapisLogin`."""


class Tapis3Grants(Grants):
    """Asks the token service of a v3 tenant, through an OAuth client if there is one."""

    hint = _HINT

    def _grant(self, grant_type: str, before: Pair | None, **fields: str) -> Pair:
        plan = loader.load(loader.SPECS / "_tapis3.yaml")["createToken"]
        body = {"grant_type": grant_type, **fields}
        prepared = request.build(plan, {"body": body}, self.transport.base_url)
        response = self.transport.send(prepared, auth=self.client(), operation=plan.id)
        name = f"{plan.id} ({grant_type})"
        if not response.ok:
            raise refusal(response, name, self.hint)
        try:
            result: Any = response.json()["result"]
            access = result["access_token"]
            if not isinstance(access["access_token"], str):
                raise TypeError("no text")
            pair = Pair.from_answer({**access, **_refresh(result)}, self.clock())
        except (ValueError, LookupError, TypeError):
            # The body may hold a token in an unknown shape: it is not repeated, nor chained.
            raise errors.AnswerError(
                f"{self.transport.base_url} answered {grant_type} with status "
                f"{response.status_code}, but with no access token: is it a tenant of Tapis v3?"
            ) from None
        return _dated(pair) or pair


def _refresh(result: Mapping[str, Any]) -> dict[str, Any]:
    token = result.get("refresh_token")
    return {"refresh_token": token.get("refresh_token")} if isinstance(token, dict) else {}


def _dated(pair: Pair | None) -> Pair | None:
    """Return a pair with the expiry that its JWT claims, unless it is known already.

    The signature is for servers to check: a wrong claim only renews at a wrong time.
    """
    if pair is None or pair.expires_at is not None:
        return pair
    claims = _claims(pair.access)
    expiry = seconds(claims.get("exp"))
    if expiry is None:
        return pair
    start = seconds(claims.get("iat")) or pair.created_at or timing.now()
    return pair._replace(created_at=start, expires_in=expiry - start)


def tenant_of(token: str) -> str | None:
    """Return the ID of the tenant whose token it is, None if it does not say."""
    return _claim(token, "tapis/tenant_id")


def user_of(token: str) -> str | None:
    """Return the name of the user whose token it is, None if it does not say."""
    return _claim(token, "tapis/username")


def _claim(token: str, name: str) -> str | None:
    found = _claims(token).get(name)
    return found if isinstance(found, str) else None


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
