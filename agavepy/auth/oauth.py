"""The grants of the token service, by the operations of the ``token`` description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agavepy import errors, loader, request, timing
from agavepy.auth.authenticators import ClientBasic
from agavepy.auth.tokens import Clock, Pair

if TYPE_CHECKING:
    from agavepy.transport import Transport

#: What programs send as scope; servers answer `default` or the same (agavepy, deployer agave_auth).
SCOPE = "PRODUCTION"
LOG_IN_AGAIN = (
    "log in again: `agavepy auth login` on the command line; or "
    "Agave(api_server=…, username=…, password=…, api_key=…, api_secret=…), or without "
    "api_key and api_secret, then ag.clients.create(body={'clientName': …})"
)


class Grants:
    """Asks for tokens through one OAuth client.

    Every method raises TokenError when the server refuses, AnswerError when it answers something
    that is no token, ConnectionFailed or TimedOut when it cannot be asked. Nothing is kept.
    """

    #: What is asked for, and what to do when it is refused.
    scope = SCOPE
    hint = LOG_IN_AGAIN
    #: The path of a token service that is elsewhere than a tenant's.
    path: str | None = None

    def __init__(
        self, transport: Transport, api_key: str, api_secret: str, clock: Clock = timing.now
    ) -> None:
        self.transport = transport
        self.api_key = api_key
        self.api_secret = api_secret
        self.clock = clock

    def password(self, username: str, password: str) -> Pair:
        """Log a user in."""
        return self._grant("password", None, username=username, password=password)

    def admin_password(self, username: str, password: str, token_username: str) -> Pair:
        """Get a token of ``token_username`` as a tenant administrator."""
        return self._grant(
            "admin_password",
            None,
            username=username,
            password=password,
            token_username=token_username,
        )

    def client_credentials(self) -> Pair:
        """Get a token of the OAuth client's owner; it has no refresh token."""
        return self._grant("client_credentials", None)

    def refresh_token(self, pair: Pair) -> Pair:
        """Trade the refresh token of ``pair``, once, for a new pair."""
        return self._grant("refresh_token", pair, refresh_token=pair.refresh)

    def client(self) -> ClientBasic | None:
        """Return what shows which OAuth client asks; None where there is none."""
        if not self.api_key:
            return None
        return ClientBasic(self.api_key, self.api_secret, self.transport.base_url)

    def revoke(self, token: str) -> None:
        """Make an access token, and the refresh token that came with it, stop working."""
        response = self._send("revoke", {"token": token})
        if not response.ok:
            raise refusal(response, "token.revoke", "")

    def _grant(self, grant_type: str, before: Pair | None, **fields: str) -> Pair:
        arguments = {"grant_type": grant_type, **fields, "scope": self.scope or None}
        response = self._send("create", arguments)
        if not response.ok:
            raise refusal(response, f"token.create ({grant_type})", self.hint)
        try:
            answer: Any = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            # The body may hold a token in an unknown shape: it is not repeated, nor chained.
            raise errors.AnswerError(
                f"{self.transport.base_url} answered {grant_type} with status "
                f"{response.status_code}, but with no access token: is it a tenant's address?"
            ) from None
        return Pair.from_answer(answer, self.clock(), before)

    def _send(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        plan = loader.service_plan("token")[operation]
        if self.path is not None:
            plan = plan._replace(path=self.path)
        prepared = request.build(plan, arguments, self.transport.base_url)
        auth = self.client()
        return self.transport.send(prepared, auth=auth, operation=plan.id)


def refusal(response: Any, operation: str, hint: str) -> errors.TokenError:
    """Return the error for an answer of a token service that is no success."""
    return errors.TokenError(response, errors.server_message(response), operation, hint)
