"""Services of documents that a user brings: where their operations are, and what is sent there."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from agavepy.auth.account import Account
from agavepy.auth.schemes import Together, Wallet, form, trusts
from agavepy.config import origin, server_url
from agavepy.errors import CredentialsError, DescriptionError
from agavepy.operation import Program, Service
from agavepy.plan import Plan, Scheme, ServicePlan
from agavepy.transport import Transport
from agavepy.trust import is_web

_FOREIGN = "foreign"
#: Schemes that the tenant's own token satisfies.
_TOKEN_KINDS = frozenset({"bearer", "oauth2", "openid"})
_making = threading.Lock()


class Home(NamedTuple):
    """The document of an operation: its origin, and whether the user gave it for this client.

    What was only found, in the environment or the home directory, cannot say to which server
    requests go.
    """

    origin: str
    given: bool


class Options(NamedTuple):
    """What the user says of one service: its address, whom to trust, what credentials there are."""

    server: str | None = None
    trust: Any = None
    auth: Any = None


class BroughtService(Service):
    """A service of one or more documents of a user."""

    __doc__ = Service.__dict__["__doc__"]

    def __init__(
        self, client: Account, plan: ServicePlan, homes: Mapping[str, Home], options: Options
    ) -> None:
        super().__init__(client, plan)  # type: ignore[arg-type]
        self._account = client
        self._homes = homes
        self._options = options
        self._transports: dict[str, Transport] = {}
        self._wallets: dict[str, Wallet] = {}
        if options.auth is not None:
            self._wallet("")  # what is no credential is refused now

    def _program(self, name: str) -> Program:
        if not self._account.speaks_v3:
            return super()._program(name)
        key = f"{name} of Tapis v3"
        program: Program | None = self._plan.programs.get(key)
        if program is None:
            program = self._plan.programs[key] = Program(_of_tapis3(self._plan[name]))
        return program

    def _client_of(self, plan: Plan) -> Any:
        return _Way(self, plan)

    def _address(self, plan: Plan) -> str:
        """Return the address that the path of an operation follows."""
        options, home, account = self._options, self._homes[plan.name], self._account
        if options.server is not None:
            return server_url(options.server)
        # Documents of Tapis v3 name hosts of their developers: there the tenant's is meant.
        given = home.given and not account.speaks_v3
        server = plan.server or "/"
        if given and is_web(home.origin):
            server = urljoin(home.origin, server)  # as OpenAPI reads a relative one
        elif given and server.startswith("//"):
            server = f"https:{server}"
        try:
            parts = urlsplit(server)
        except ValueError as error:
            raise DescriptionError(f"{plan.id} is at {server!r}, no address: {error}") from error
        if given and parts.netloc:
            if not is_web(server):
                raise DescriptionError(f"{plan.id} is at {server!r}, no address of the web")
            return server.rstrip("/")
        prefix = parts.path.strip("/")
        return account.transport.base_url + (f"/{prefix}" if prefix else "")

    def _transport(self, plan: Plan) -> Transport:
        base_url = self._address(plan)
        transport = self._transports.get(base_url)
        if transport is None:
            with _making:
                transport = self._transports.get(base_url)
                if transport is None:
                    transport = self._transports[base_url] = self._to(base_url)
        return transport

    def _to(self, base_url: str) -> Transport:
        account = self._account
        if not account.api_server:
            return Transport(base_url, verify=account.verify, proxies=account.proxies)
        own = account.transport
        return own if base_url == own.base_url else own.at(base_url)

    def _is_tenant(self, base_url: str) -> bool:
        server = self._account.api_server
        return server is not None and origin(server) == origin(base_url)

    def _wallet(self, base_url: str) -> Wallet:
        wallet = self._wallets.get(base_url)
        if wallet is None:
            trust = self._options.trust
            wallet = Wallet(
                self._plan.service,
                self._options.auth,
                self._to,
                lambda url: origin(url) == origin(base_url) or trusts(trust, url),
            )
        return self._wallets.setdefault(base_url, wallet)


class _Way:
    """The client of one brought operation: the way to its server and the credential for it."""

    def __init__(self, service: BroughtService, plan: Plan) -> None:
        self._service = service
        self._plan = plan
        self._chosen: Any = None

    @property
    def transport(self) -> Transport:
        """The way to the server of the operation. Raises CredentialsError for no address."""
        return self._service._transport(self._plan)

    def service(self, name: str) -> Any:
        """Return a service of the client by name."""
        return self._service._client.service(name)

    def authenticator(self, security: str) -> Any:
        """Return what stamps the requests of the operation, None where nothing has to.

        Raises CredentialsError naming what is missing, or the server that is not trusted.
        """
        if self._chosen is not None:
            return self._chosen
        service, base_url = self._service, self.transport.base_url
        wallet = service._wallet(base_url)
        own = wallet.own()
        if own is not None:
            self._chosen = own
            return own
        for needed in self._plan.schemes if security == _FOREIGN else ():
            made = [wallet.authenticator(scheme, base_url) for scheme in needed]
            if needed and None not in made:
                self._chosen = made[0] if len(made) == 1 else Together(made, base_url)
                return self._chosen
        return self._of_the_tenant(security, base_url)

    def _of_the_tenant(self, security: str, base_url: str) -> Any:
        """Return the tenant's own credential, if it fits and may go there."""
        service, plan = self._service, self._plan
        account = service._account
        fits = security != _FOREIGN or any(map(_token_fits, plan.schemes))
        may_go = service._is_tenant(base_url) or trusts(service._options.trust, base_url)
        kind = "bearer" if security == _FOREIGN else security
        if account.speaks_v3:
            fits, kind = True, "bearer"  # however a document describes the token
        if fits and may_go and (account.has_credentials or account.jwt or not plan.anonymous):
            return account.authenticator(kind, base_url)
        if plan.anonymous:
            return None
        raise CredentialsError(self._missing(base_url, untrusted=fits and not may_go))

    def _missing(self, base_url: str, untrusted: bool) -> str:
        plan = self._plan
        ways = " or ".join(
            " with ".join(f"{scheme.name!r} ({form(scheme)})" for scheme in needed)
            for needed in plan.schemes
        )
        text = f"{plan.id} needs a credential"
        if ways:
            text += f": {ways}; give it as auth={{…}} of the service {plan.service}"
        if untrusted and self._service._account.api_server:
            scheme, host, port = origin(base_url)
            text += (
                f". It is at {scheme}://{host}:{port}, where the tenant's own credentials are not "
                "sent; trust= of the service, with that address, sends them"
            )
        return text


def _of_tapis3(plan: Plan) -> Plan:
    """Return a plan with what all operations of Tapis v3 have, whatever their documents say.

    They take the token, and JSON comes in an envelope.
    """
    if plan.security == "none":
        plan = plan._replace(security="bearer", anonymous=True)
    answer = plan.answer
    if answer.kind != "plain":
        return plan
    inner = tuple(field for field in answer.fields if field[0] == "result")
    if inner:  # the envelope is described, too
        below = len("result.")
        answer = answer._replace(
            type=inner[0][1],
            dates=tuple(path[1:] for path in answer.dates if path[:1] == ("result",)),
            fields=tuple(
                (name[below:], kind, text)
                for name, kind, text in answer.fields
                if name.startswith("result.")
            ),
        )
    return plan._replace(answer=answer._replace(kind="envelope"))


def _token_fits(needed: tuple[Scheme, ...]) -> bool:
    """Tell whether an alternative asks for nothing but an access token."""
    return len(needed) == 1 and (
        needed[0].kind in _TOKEN_KINDS
        or (needed[0].kind == "apikey" and needed[0].key.lower() == "authorization")
    )
