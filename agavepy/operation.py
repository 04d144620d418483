"""Services and operations: attributes that make a call from keyword arguments.

``ag.files.list(...)`` is: arguments → request → authentication → sending → error or result.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import requests

from agavepy.auth.authenticators import Authenticator
from agavepy.config import origin
from agavepy.errors import UnknownName, UsageError, from_response, nearest
from agavepy.plan import Plan, ServicePlan
from agavepy.request import Builder
from agavepy.result import Interpreter
from agavepy.transport import Transport


class Client(Protocol):
    """What a service needs of its client."""

    @property
    def transport(self) -> Transport:
        """The way to the tenant."""

    def authenticator(self, security: str) -> Any:
        """Return what stamps requests with the credential that ``security`` names, or None.

        Raises CredentialsError naming what is missing.
        """

    def service(self, name: str) -> Any:
        """Return a service by name."""


class Program:
    """What is worked out once for an operation and shared by all clients of the process."""

    __slots__ = ("build", "interpret", "plan", "stream", "told")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.build = Builder(plan)
        self.interpret = Interpreter(plan)
        self.stream = plan.answer.kind == "raw"
        #: Whether callers were told that the operation is deprecated.
        self.told = not plan.deprecated


class _Described:
    """An attribute that is computed for an instance and fixed (or absent) for its class."""

    def __init__(self, compute: Callable[[Any], Any], of_class: Any = None) -> None:
        self._compute = compute
        self._of_class = of_class

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is not None:
            return self._compute(instance)
        if self._of_class is None:
            raise AttributeError("only instances have it")
        return self._of_class


class Service:
    """The operations of one service as attributes; ``dir()`` lists them, ``help()`` tells more."""

    __doc__ = _Described(lambda self: _describe().service_help(self._plan), __doc__)

    def __init__(self, client: Client, plan: ServicePlan) -> None:
        self._client = client
        self._plan = plan

    def __getattr__(self, name: str) -> Operation:
        if name.startswith("__"):
            raise AttributeError(name)
        plan = self._plan
        # An operationId that is no Python name was made one; its own spelling is understood too.
        known = name if name in plan else plan.aliases.get(name) or re.sub(r"\W", "_", name)
        if known not in plan:
            for where, why in plan.skipped:
                if name in (where.partition(" ")[0], where):
                    raise UnknownName(f"{plan.service}.{where} cannot be called: {why}")
            raise UnknownName(
                f"the service {plan.service} has no operation {name!r}{nearest(name, plan)}; "
                f"dir(ag.{plan.service}) lists those it has"
            )
        program = self._program(known)
        operation = Operation(self, self._client_of(program.plan), program)
        self.__dict__[name] = operation
        return operation

    def _program(self, name: str) -> Program:
        """Return what is worked out of an operation, once for all clients of the process."""
        programs = self._plan.programs
        program = programs.get(name)
        if program is None:
            program = programs[name] = Program(self._plan[name])
        assert isinstance(program, Program)
        return program

    def _client_of(self, plan: Plan) -> Client:
        """Return the client that an operation is called through."""
        return self._client

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._plan]

    def __repr__(self) -> str:
        plan = self._plan
        return f"<Service {plan.service}: {len(plan)} operations; dir(ag.{plan.service})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _service_of, (self._client, self._plan.service)


class Operation:
    """One operation of a service: call it with keyword arguments.

    None for an argument, or an empty extra, counts as not given. Raises UsageError (a TypeError)
    for wrong arguments, CredentialsError, HttpError for an answer that is no success,
    ConnectionFailed or TimedOut for none, AnswerError for one that cannot be understood.
    """

    __doc__ = _Described(
        lambda self: _describe().operation_help(self.plan, self._program.build.extras), __doc__
    )
    __signature__ = _Described(
        lambda self: _describe().signature(self.plan, self._program.build.extras)
    )

    def __init__(self, service: Service, client: Client, program: Program) -> None:
        self._service = service
        self._program = program
        self.plan = program.plan
        self.client = client
        self.__name__ = self.operation = self.plan.name
        self.__qualname__ = self.plan.id
        #: The name of the service, as earlier releases called it.
        self.resource = self.plan.service

    def __call__(self, /, *positional: Any, **arguments: Any) -> Any:
        """Make the call; see the class."""
        program = self._program
        plan = program.plan
        if positional:
            raise UsageError(f"{plan.id} takes keyword arguments only: {_describe().example(plan)}")
        if not program.told:
            program.told = True
            reason = (plan.description or plan.summary).partition("\n\n")[0]
            warnings.warn(f"{plan.id} is deprecated: {reason}", DeprecationWarning, 2)
        client = self.client
        transport = client.transport
        request = program.build.build(arguments, transport.base_url)
        # A nonce takes the place of a token (Abaco), so that none need be there.
        nonce = arguments.get("nonce") and "nonce" in program.build.extras
        nonce = nonce or arguments.get("x-nonce")
        auth = None if nonce or plan.security == "none" else client.authenticator(plan.security)
        response = transport.send(request, auth=auth, stream=program.stream, operation=plan.id)
        if not 200 <= response.status_code < 300:
            raise from_response(
                response, plan.id, _moved(response) or _advice(plan, response, auth)
            )
        return program.interpret(response, _says_yes(arguments.get("naked")))

    def get_operation(self) -> Operation:
        """Return the operation itself, as earlier releases did for ``.uri`` and ``.json``."""
        return self

    @property
    def uri(self) -> str:
        """The address of the operation, its path variables in braces."""
        return self.client.transport.base_url + self.plan.path

    @property
    def json(self) -> dict[str, Any]:
        """The plan of the operation as plain data."""
        return self.plan.to_json()

    @property
    def models(self) -> dict[str, Any]:
        """The models of the service by name, as its document describes them."""
        models: dict[str, Any] = _describe().models(self.plan.service)
        return models

    @property
    def return_type(self) -> str:
        """The type of the result, such as ``array of object``; "" where there is none."""
        return self.plan.answer.type

    def __repr__(self) -> str:
        required = [p.name for p in self.plan.parameters if p.required and not p.optional]
        more = ["…"] if len(required) < len(self.plan.parameters) else []
        arguments = ", ".join([*required, *more])
        told = f": {self.plan.summary}" if self.plan.summary else ""
        return f"<Operation {self.plan.id}({arguments}){told}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._service, self.plan.name)


def _describe() -> Any:
    """Return the module that explains operations, which a call does not need."""
    from agavepy import describe

    return describe


def _service_of(client: Client, name: str) -> Any:
    return client.service(name)


def _says_yes(value: Any) -> bool:
    return value is not None and str(value).lower() in ("true", "1")


def _advice(plan: Plan, response: requests.Response, auth: Any) -> str:
    """Return what a credential of ours says about the refusal of a call, "" where it is nothing."""
    known = isinstance(auth, Authenticator)
    return auth.advice(response.status_code, plan.id) if known else ""


def _moved(response: requests.Response) -> str:
    """Return advice where credentials were left behind on the way to another server."""
    if response.status_code not in (401, 403) or not response.history:
        return ""
    first, last = str(response.history[0].url), str(response.url)
    if origin(first) == origin(last):
        return ""
    scheme, host, port = origin(last)
    return (
        f"the tenant redirected to {scheme}://{host}:{port}, where credentials are not sent: "
        "give that address as api_server if it is the tenant's own"
    )
