"""The services of a client as earlier releases laid them out: ``ag.all.resources["files"]``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from agavepy import loader
from agavepy.errors import UsageError
from agavepy.result import AttrDict

if TYPE_CHECKING:
    from agavepy.client import Agave

#: The credentials of a view, and the attributes of a client that each needs.
_NEEDS = {
    "basic_auth": ("host", "username", "password"),
    "token": ("host", "_token"),
    "jwt": ("host", "header_name", "jwt"),
    "nonce": ("host",),
}


class View:
    """The services of a client: as attributes, and by name in ``resources``."""

    def __init__(self, client: Agave) -> None:
        self._client = client

    @property
    def resources(self) -> Mapping[str, Any]:
        """Each service by its name, with the ``operations`` of it by theirs."""
        return {name: Declared(self._client, name) for name in loader.services()}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._client.service(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *loader.services()]


class Declared:
    """One service as it is declared: its ``operations`` by name."""

    def __init__(self, client: Agave, name: str) -> None:
        self._client = client
        self.name = name

    @property
    def operations(self) -> Mapping[str, Any]:
        """Each operation by its name, ready to be called."""
        service = self._client.service(self.name)
        return {name: getattr(service, name) for name in loader.service_plan(self.name)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def resource(ag: Agave, auth_type: str, *names: str) -> View | None:
    """Return the services of ``ag``, None when an attribute that the credential needs is empty.

    ``auth_type`` is basic_auth, token, jwt or nonce; ``names`` are the attributes, those which
    that kind needs if not given. Each operation sends the credential that its description asks
    for. Raises UsageError for another ``auth_type``.
    """
    if auth_type not in _NEEDS:
        raise UsageError(f"auth_type={auth_type!r} is none of {', '.join(_NEEDS)}")
    needed = names or _NEEDS[auth_type]
    values = [getattr(ag, name) for name in needed]
    return None if None in values or "" in values else View(ag)


def all(ag: Agave) -> View | None:
    """Return the services, None for a client without a token, jwt or nonce."""
    return resource(ag, "jwt" if ag.jwt else "nonce" if ag.use_nonce else "token")


def clients_resource(ag: Agave) -> View | None:
    """Return the services, None for a client without the user's name and password."""
    return resource(ag, "basic_auth")


def resource_exceptions(ag: Agave) -> dict[str, Any]:
    """Return the models that an Aloe jobs service answers with, by name, as described."""
    return _aloe_models()


@cache
def _aloe_models() -> dict[str, Any]:
    definitions = loader.document("jobs")["definitions"].items()
    return {name: AttrDict(model) for name, model in definitions if name.startswith("Aloe")}
