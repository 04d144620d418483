"""Commands for tokens: a first one by password, later ones by the refresh token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agavepy import timing
from agavepy.auth.login import Token
from agavepy.auth.tokens import LEEWAY_S
from agavepy.interactive import prompts
from agavepy.interactive.errors import AgaveTokenError, failing_as

if TYPE_CHECKING:
    from agavepy.client import Agave


def get_access_token(ag: Agave) -> None:
    """Log in by a password that is asked for, through the OAuth client of ``ag``.

    Afterwards ``ag.token`` is the text of the access token and has its ``token_info``, calls use
    it, and the login is the current cached one. Without an OAuth client, how to get one is printed.
    Raises AgaveTokenError, or AgaveAPICallError when the server refuses.
    """
    if not (ag.api_key and ag.api_secret):
        print('Please create a client first. See "clients_create(client_name, description)"\n')
        return
    with failing_as(AgaveTokenError):
        username = prompts.username_of(ag)
        password = prompts.ask_password()
        login = _login(ag)
        login.username, login.password = username, password
        try:
            login.create()
        finally:
            login.password = ag.password  # what was asked for is not kept


def refresh_tokens(ag: Agave) -> None:
    """Get a new token by the refresh token if the one there is expires within a minute.

    When the age of the token is not known, how to get a token is printed. Raises AgaveTokenError,
    or AgaveAPICallError when the server refuses.
    """
    if ag.created_at is None or ag.expires_in is None:
        print("You must create a token first. Try get_access_token()")
        return
    if ag.created_at + ag.expires_in - timing.now() < LEEWAY_S:
        print("Refreshing token...")
        with failing_as(AgaveTokenError):
            _login(ag).refresh()


def _login(ag: Agave) -> Token:
    """Return the login of ``ag`` by the settings that it has now."""
    login = ag.token
    settings = (ag.api_server, ag.api_key, ag.api_secret, ag.username)
    if not isinstance(login, Token) or settings != (
        login.api_server,
        login.api_key,
        login.api_secret,
        login.username,
    ):
        ag._start_over(ag._pair)
        login = ag.token
    if not isinstance(login, Token):
        raise AgaveTokenError("a token is renewed through an OAuth client: see clients_create()")
    return login
