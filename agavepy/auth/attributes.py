"""The token pair of a client as attributes that programs read, and set as in earlier releases."""

from __future__ import annotations

from typing import Any

from agavepy import config
from agavepy.auth.tokens import Pair, TokenSource


class PairAttributes:
    """Reading gives the pair as it is now; setting a part replaces that part and nothing else."""

    #: The pair until there is a source, which then holds the current one.
    _given: Pair | None
    _source: TokenSource | None

    @property
    def _pair(self) -> Pair | None:
        return self._source.pair if self._source is not None else self._given

    def _amend(self, **parts: Any) -> None:
        pair = (self._pair or Pair(""))._replace(**parts)
        if self._source is None:
            self._given = pair
        else:
            self._source.pair = pair

    @property
    def _token(self) -> str | None:
        pair = self._pair
        return pair.access or None if pair is not None else None

    @_token.setter
    def _token(self, text: str | None) -> None:
        self._amend(access=config.token_text(text))

    @property
    def refresh_token(self) -> str | None:
        """The refresh token as it is now, None when there is none."""
        pair = self._pair
        return pair.refresh or None if pair is not None else None

    @refresh_token.setter
    def refresh_token(self, text: str | None) -> None:
        self._amend(refresh=str(text or ""))

    _refresh_token = refresh_token

    @property
    def created_at(self) -> int | None:
        """When the token was got, in epoch seconds."""
        value: int | None = self._times()["created_at"]
        return value

    @created_at.setter
    def created_at(self, value: float | str | None) -> None:
        self._amend(created_at=config.seconds(value))

    @property
    def expires_in(self) -> int | None:
        """For how many seconds the token was good when it was got."""
        value: int | None = self._times()["expires_in"]
        return value

    @expires_in.setter
    def expires_in(self, value: float | str | None) -> None:
        self._amend(expires_in=config.seconds(value))

    @property
    def expires_at(self) -> str | None:
        """When the token expires, as text in local time."""
        value: str | None = self._times()["expires_at"]
        return value

    @expires_at.setter
    def expires_at(self, value: float | str | None) -> None:
        pair, expiry = self._pair or Pair(""), config.seconds(value)
        if expiry is None:
            return  # a date in words of another locale; the two above say the same
        if pair.created_at is not None:
            self._amend(expires_in=expiry - pair.created_at)
        elif pair.expires_in is not None:
            self._amend(created_at=expiry - pair.expires_in)

    def _times(self) -> dict[str, Any]:
        return (self._pair or Pair("")).times()
