"""``Agave``, the client: an account whose services are attributes."""

from __future__ import annotations

import os
from copy import copy
from typing import TYPE_CHECKING, Any

from agavepy import config, loader
from agavepy.auth import sessions
from agavepy.auth.account import Account
from agavepy.earlier import Earlier
from agavepy.errors import AgaveError, UnknownName, UsageError, nearest
from agavepy.operation import Operation, Service

if TYPE_CHECKING:
    from agavepy.catalogue import Catalogue
    from agavepy.transport import Transport


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

    _catalogue: Catalogue | None = None

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
        CredentialsError naming every place that was looked in and how to log in, UsageError for a
        keyword that there is not: a misspelt selector must not give another session.
        """
        known = Account.__init__.__kwdefaults__ or {}
        for name in settings:
            if name not in known:
                raise UsageError(f"Agave.restore() has no keyword {name!r}{nearest(name, known)}")
        found = sessions.find(
            token=token,
            api_server=api_server,
            api_key=api_key,
            client_name=client_name,
            tenant_id=tenant_id,
            username=username,
            flavour=settings.get("flavour", "agave"),
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
        place = self._place(name)
        found: Service | None = self.__dict__.get(place)
        if found is not None:
            return found
        catalogue = self._catalogue_if_any()
        service: Service | None = catalogue.service(name, self) if catalogue is not None else None
        if service is None:
            if name not in self._bundled:
                known = self.services()
                raise UnknownName(
                    f"Agave has no service or attribute {name!r}{nearest(name, known)}; "
                    f"its services: {', '.join(known) or 'none: give their documents, specs=…'}"
                )
            kind = _Clients if name == "clients" else Service
            service = kind(self, loader.service_plan(name))
        # Of two threads that make one at a time, both go on with the same: it holds tokens.
        kept: Service = self.__dict__.setdefault(place, service)
        return kept

    def _place(self, name: str) -> str:
        """Return the attribute that keeps a service: its name, if the client has no such one."""
        own = name in self.__dict__ and not isinstance(self.__dict__[name], Service)
        return f"_service_{name}" if own or hasattr(type(self), name) else name

    def services(self) -> list[str]:
        """Return the names of the services that there are, those of your own documents included."""
        catalogue = self._catalogue_if_any()
        return sorted({*self._bundled, *(catalogue.names() if catalogue is not None else ())})

    def add_service(
        self,
        name: str,
        document: Any,
        *,
        server: str | None = None,
        trust: Any = None,
        auth: Any = None,
    ) -> Service:
        """Take a service of your own document on; it is ``ag.<name>`` from now on, and returned.

        Where the client has an attribute of that name, ``ag.service(name)`` is the service.

        ``document`` is a file, an address of the web, a dict, or a list of these: documents that
        add operations, and overlays of the one before. ``server`` is the address of the service
        where the document's own is not meant. Its requests carry the tenant's credentials if it is
        on the tenant's host, or on one that ``trust`` lists; ``auth`` are credentials of its own
        (see ``agavepy.auth.schemes.Wallet``). Raises UsageError, DescriptionError.
        """
        from agavepy.brought import Options

        options = Options(server, trust, auth)
        service = self._catalogue_made().add(name, document, options, self)
        self.__dict__[self._place(name)] = service
        return service

    def reload_services(self) -> None:
        """Read documents anew where they have changed; ``ag.<name>`` is the new service then."""
        if self._catalogue is not None:
            self._catalogue.reload()
        for name, value in list(self.__dict__.items()):  # other threads may add to it meanwhile
            if isinstance(value, Service):
                self.__dict__.pop(name, None)

    @property
    def _bundled(self) -> tuple[str, ...]:
        # The services of the package are none of a v3 tenant.
        return () if self.speaks_v3 else loader.services()

    def _catalogue_if_any(self) -> Catalogue | None:
        """Return the catalogue if there can be documents of the user; looking costs one stat."""
        given = self._catalogue is not None or self._specs is not None
        return self._catalogue_made() if given or config.may_have_specs(os.environ) else None

    def _catalogue_made(self) -> Catalogue:
        if self._catalogue is None:
            from agavepy.catalogue import Catalogue

            self._catalogue = Catalogue(
                self._specs, self._auth, self._trust, self.verify, self.proxies
            )
        return self._catalogue

    def swagger_client(self, name: str) -> Any:
        """Return a service as a stock ``bravado.client.SwaggerClient`` over the same session.

        Tokens are renewed there as well. Raises UnknownName, and DescriptionError for a service
        that Swagger 2.0 does not describe, which is all that bravado reads.
        """
        from agavepy.auth.bravado import swagger_client

        service = self.service(name)
        plan = service._plan
        way: Transport = service._client_of(next(iter(plan.values()))).transport
        if self._catalogue is not None and self._catalogue.has(name):
            parsed, origin = self._catalogue.document(name)
        else:
            parsed, origin = loader.document(name), str(loader.SPECS / f"{name}.yaml")
        spec = loader.spec_of(
            parsed, origin, way.base_url, use_models=True, validate_responses=False
        )

        def authenticator_of(operation: str) -> Any:
            found = plan[plan.aliases.get(operation, operation)]
            return service._client_of(found).authenticator(found.security)

        return swagger_client(spec, way, authenticator_of)

    def __dir__(self) -> list[str]:
        try:
            names = self.services()
        except AgaveError:  # calling one says what is wrong with the documents
            names = list(self._bundled)
        return sorted({*super().__dir__(), *names})

    def _state(self) -> dict[str, Any]:
        state = {k: v for k, v in super()._state().items() if not isinstance(v, Service)}
        return {**state, "_catalogue": copy(self._catalogue)}


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
