"""``Agave``, the client: an account whose services are attributes."""

from __future__ import annotations

from typing import Any

from agavepy import loader
from agavepy.auth import sessions
from agavepy.auth.account import Account
from agavepy.earlier import Earlier
from agavepy.errors import UnknownName, nearest
from agavepy.operation import Operation, Service


class Agave(Earlier, Account):
    """A client of one tenant; its services are attributes: ``ag.files.list(systemId=…)``.

    ``api_server`` is the tenant's address, with or without a scheme, a port, a path prefix, a
    slash at the end. With a ``tenant_id`` alone it is looked up when it is first needed; without
    any argument the tenant is asked for, at a terminal.

    Credentials are one of: a ``token`` alone; ``username`` and ``password``, for ``ag.clients``;
    with ``api_key`` and ``api_secret`` a ``token`` and ``refresh_token``, or the username and
    password from which a token is got when one is first needed (with ``token_username``: a token of
    that user, for an administrator); ``jwt`` and ``jwt_header_name``; or ``use_nonce``, none but
    the ``nonce=`` of each call.

    ``created_at`` (epoch seconds), ``expires_in`` (seconds) and ``expires_at`` tell the age of the
    token. ``verify`` is True, False or the path of a CA bundle, ``proxies`` as requests has them.
    ``token_callback(**token_info)`` is called after each grant. A new token replaces the cached one
    of the same login, and a login by password becomes the current cached login, unless
    ``cache_client`` is False. ``resources`` is accepted, as by earlier releases, and not needed.

    Making a client reads no file and sends nothing. A client may be shared between threads.
    Raises UsageError for an address that is none, and without any argument where nobody can be
    asked; CredentialsError for a jwt without its header.
    """

    @classmethod
    def restore(
        cls,
        api_key: str | None = None,
        client_name: str | None = None,
        tenant_id: str | None = None,
        token: str | None = None,
        api_server: str | None = None,
        username: str | None = None,
        cache_client: bool = True,
        **settings: Any,
    ) -> Agave:
        """Return a client with the credentials that are there; see ``agavepy.auth.sessions.find``.

        ``api_key``, ``client_name``, ``tenant_id`` and ``username`` select a cached login.
        ``settings`` are further keywords of the client, such as ``verify``. Raises
        CredentialsError naming every place that was looked in and how to log in.
        """
        found = sessions.find(
            token=token,
            api_server=api_server,
            api_key=api_key,
            client_name=client_name,
            tenant_id=tenant_id,
            username=username,
        )
        return cls(**{**found, **settings}, cache_client=cache_client)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.service(name)

    def service(self, name: str) -> Service:
        """Return a service by name, also one whose name an attribute of the client has.

        Raises UnknownName.
        """
        found = self.__dict__.get(name)
        if isinstance(found, Service):
            return found
        try:
            plan = loader.service_plan(name)
        except KeyError:
            known = loader.services()
            raise UnknownName(
                f"Agave has no service or attribute {name!r}{nearest(name, known)}; "
                f"its services: {', '.join(known)}"
            ) from None
        kind = _Clients if name == "clients" else Service
        service = kind(self, plan)
        if not hasattr(type(self), name):
            self.__dict__[name] = service
        return service

    def swagger_client(self, name: str) -> Any:
        """Return a service as a stock ``bravado.client.SwaggerClient`` over the same session.

        Tokens are renewed there as well. Raises UnknownName.
        """
        from agavepy.auth.bravado import swagger_client

        plan = self.service(name)._plan
        transport = self.transport
        spec = loader.spec(name, transport.base_url, use_models=True, validate_responses=False)
        return swagger_client(
            spec, transport, lambda operation: self.authenticator(plan[operation].security)
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *loader.services()})

    def _state(self) -> dict[str, Any]:
        return {k: v for k, v in super()._state().items() if not isinstance(v, Service)}


class _Clients(Service):
    # The clients service, whose `create` makes the new OAuth client that of `ag`. A subclass does
    # not inherit `__doc__`: what describes the operations is named again, here and below.
    __doc__ = Service.__dict__["__doc__"]

    def __getattr__(self, name: str) -> Operation:
        operation = super().__getattr__(name)
        if operation.plan.name == "create":
            operation = self.__dict__[name] = _Create(self, self._client, operation._program)
        return operation


class _Create(Operation):
    __doc__ = Operation.__dict__["__doc__"]

    def __call__(self, /, *positional: Any, **arguments: Any) -> Any:
        result = super().__call__(*positional, **arguments)
        client = result.get("result", result)
        if client.get("consumerKey") and client.get("consumerSecret"):
            owner: Any = self.client
            owner.client_name = client.get("name") or owner.client_name
            owner.set_client(client["consumerKey"], client["consumerSecret"])
        return result
