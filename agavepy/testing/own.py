"""A service of a user's own description, on a port of this machine, without a line of code."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from werkzeug.wrappers import Request, Response

from agavepy import loader
from agavepy.errors import UsageError, nearest
from agavepy.plan import BYTES, FORM, JSON, MULTIPART, Parameter, Plan
from agavepy.sandbox.envelope import failure, success
from agavepy.sandbox.router import Router
from agavepy.sandbox.server import Server
from agavepy.testing.keeping import Asked, Keeping, Refused, list_field, text_of

if TYPE_CHECKING:
    from agavepy.client import Agave
    from agavepy.operation import Service


class _AnyCredential(requests.auth.AuthBase):
    """Whatever the document asks for: an own service takes everybody in."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class OwnService:
    """Answers the operations of one document as :class:`~agavepy.testing.keeping.Keeping` does.

    What the document requires and a request lacks is answered 400. :meth:`answers` gives single
    operations an answer of their own. Use it as a context manager. Raises DescriptionError for a
    document that cannot be used.
    """

    def __init__(self, document: str | Path, name: str = "") -> None:
        self.document = Path(document)
        self._plans = loader.load(self.document, name)
        self.name = self._plans.service
        # The client that is sent here leaves out where the document's own server begins.
        self._router = Router([*map(_placed, self._plans.values()), *self._plans.values()])
        self._keeping = Keeping(self._plans, self._router)
        self._answering: dict[str, Callable[[Asked], Any]] = {}
        self._lock = threading.RLock()
        self._client: Agave | None = None
        #: What it was asked, in order.
        self.requests: list[Asked] = []
        self.url = ""

    def __enter__(self) -> OwnService:
        self._server = Server(self._wsgi, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._client is not None:
            self._client.transport.close()
        self._server.stop()

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        """The items by the path of their collection and their id: to look at, and to fill."""
        return self._keeping.items

    @property
    def client(self) -> Agave:
        """A client that has this service, and no tenant."""
        if self._client is None:
            from agavepy.client import Agave

            self._client = Agave(api_server=self.url, token="own", cache_client=False)  # noqa: S106
            self.add_to(self._client)
        return self._client

    def add_to(self, client: Agave) -> Service:
        """Make it a service of a client, and return that: its operations come here."""
        return client.add_service(self.name, self.document, server=self.url, auth=_AnyCredential())

    def answers(self, operation: str, answer: Any) -> None:
        """Let an operation answer something of its own.

        ``answer`` is the result, or a function of the request (``Asked``) that returns it or raises
        ``Refused``. Raises UsageError for an operation that the document does not have.
        """
        if operation not in self._plans:
            raise UsageError(
                f"{self.name} has no operation {operation!r}{nearest(operation, self._plans)}"
            )
        self._answering[operation] = answer if callable(answer) else lambda _: answer

    def _wsgi(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        raw = str(environ.get("RAW_URI") or request.path).partition("?")[0]
        plan, variables, allowed = self._router.match(request.method, raw, request.mimetype)
        try:
            if plan is None:
                there = f"only {', '.join(allowed)}" if allowed else "nothing"
                raise Refused(405 if allowed else 404, f"the document has {there} at {raw}")
            asked = Asked(plan.name, variables, request.args.to_dict(), _body(request))
            with self._lock:
                self.requests.append(asked)
                own = self._answering.get(plan.name)
                if own is None:
                    _check(plan, asked, request)
                result = own(asked) if own else self._keeping.answer(plan, asked, raw)
            response = _response(plan, result)
        except Refused as refused:
            family = plan.answer.family if plan else "none"
            content = failure("java" if family == "none" else family, str(refused))
            response = Response(json.dumps(content), refused.status, content_type=JSON)
        return response(environ, start)


def _placed(plan: Plan) -> Plan:
    """Return a plan whose path begins where its server's does."""
    return plan._replace(path=urlsplit(plan.server).path.rstrip("/") + plan.path)


def _body(request: Request) -> Any:
    """Return JSON data, the fields of a form, or text. Raises Refused for broken JSON."""
    if request.mimetype in {FORM, MULTIPART}:
        return {**request.form.to_dict(), **{n: f.filename for n, f in request.files.items()}}
    data = request.get_data()
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError as error:
        if request.mimetype.endswith("json"):
            raise Refused(400, f"the body is no JSON: {error}") from error
        return data.decode(errors="replace")


def _check(plan: Plan, asked: Asked, request: Request) -> None:
    """Raise Refused for what the document requires and the request does not have."""
    places: dict[str, Any] = {
        "query": asked.query,
        "header": request.headers,
        "cookie": request.cookies,
        "form": asked.body or {},
        "file": asked.body or {},
        "path": asked.variables,
    }
    for parameter in plan.parameters:
        if parameter.location == "body":
            _check_body(parameter, asked.body)
            continue
        name = parameter.key or parameter.name
        given = places[parameter.location]
        if parameter.required and name not in given:
            raise Refused(400, f"the {parameter.location} parameter {name} is missing")
        known = [text_of(value) for value in parameter.enum]
        if known and parameter.type != "array" and name in given and given[name] not in known:
            raise Refused(400, f"{name} = {given[name]!r}: it is one of {', '.join(known)}")


def _check_body(parameter: Parameter, body: Any) -> None:
    if parameter.required and body is None:
        raise Refused(400, "the body is missing")
    for field, _, required, _ in parameter.fields:
        if required and "." not in field and isinstance(body, dict) and field not in body:
            raise Refused(400, f"the field {field} of the body is missing")


def _response(plan: Plan, result: Any) -> Response:
    answer = plan.answer
    if answer.kind == "raw":
        data = result if isinstance(result, bytes) else text_of(result).encode()
        return Response(data, answer.status, content_type=BYTES)
    if answer.kind == "none" or answer.status == 204:
        return Response(b"", answer.status)
    if isinstance(result, list) and (field := list_field(plan)):
        result = {field: result}  # as in many documents
    content = success(answer.family, "", result, True) if answer.family != "none" else result
    return Response(json.dumps(content), answer.status, content_type=JSON)
