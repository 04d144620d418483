"""From the arguments of a call to a prepared request, by the operation's plan; nothing is sent.

What does not depend on the arguments (the pieces of the path, the table of parameters) is worked
out once for an operation, and the request is put together without the parsing that
``requests.Request.prepare`` would do again on every call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from requests.structures import CaseInsensitiveDict

from agavepy import marshal, multipart
from agavepy.errors import UsageError, nearest
from agavepy.plan import FORM, JSON, Parameter, Plan

#: Arguments that every operation takes besides its own, and what each is for.
EXTRAS = {
    "headers": "a dict of request headers",
    "query": "a dict of query terms",
    "nonce": "an actor's nonce, sent in place of the access token",
}
#: Those that operations which read (GET) take as well.
GET_EXTRAS = {
    "search": "a dict of search terms, merged into the query",
    "filter": "names of the fields to keep in each result",
}
_NOWHERE: tuple[Parameter | None, str] = (None, "")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def build(
    plan: Plan,
    arguments: Mapping[str, Any],
    base_url: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
) -> requests.PreparedRequest:
    """Return the request of one call of ``plan`` to the tenant at ``base_url``.

    ``arguments`` are the keywords of the call; None, or an empty extra, counts as not given.
    Defaults of the description are never sent. Raises UsageError naming the argument.
    """
    return Builder(plan).build(arguments, base_url, headers=headers, query=query)


class Builder:
    """Builds the requests of one operation; see :func:`build`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._table = {parameter.name: parameter for parameter in plan.parameters}
        known = {**EXTRAS, **(GET_EXTRAS if plan.method == "GET" else {})}
        fields = {name for item in plan.parameters for name, *_ in item.fields if plan.bodies}
        #: Extras that are fields of an OpenAPI 3 body: they are these where no body is given.
        self._shadowed = fields & {*known} - {*self._table}
        #: The extras that no parameter of the same name takes the place of.
        self.extras = {name: use for name, use in known.items() if name not in self._table}
        if "nonce" in self._shadowed:
            del self.extras["nonce"]
        self._empty_is_none = {*EXTRAS, *GET_EXTRAS} - self._shadowed
        self._names = {*self._table, *self.extras} - self._shadowed
        #: Where each parameter goes: what has a style is written by it, wherever that is.
        self._places = {
            item.name: (item, "styled" if item.style and item.location != "path" else item.location)
            for item in plan.parameters
        }
        self._pieces = _split(plan.path, self._table)
        self._accept = plan.accept
        self._required = [item for item in plan.parameters if item.required and not item.optional]
        self._bodies = [item for item in plan.parameters if item.location == "body"]
        #: What begins the query: an odd path may hold a part of it already.
        self._joint = "&" if "?" in plan.path else "?"

    def build(
        self,
        arguments: Mapping[str, Any],
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> requests.PreparedRequest:
        """Return the prepared request of one call; see :func:`build`."""
        given = self._check(arguments)
        url = [base_url]
        for piece in self._pieces:
            if piece.__class__ is str:
                url.append(piece)
                continue
            name, parameter, write = piece
            if name in given:
                url.append(write(parameter, given[name]))
        request = requests.PreparedRequest()
        request.method = self.plan.method
        request.headers = CaseInsensitiveDict()
        if self._accept:
            request.headers["Accept"] = self._accept
        terms, form, files, styled = self._sort(given, request.headers)
        for extra, name in ((query, "query"), *((given.get(n), n) for n in self._merged(given))):
            if extra:
                terms += marshal.pairs(name, extra)
        if terms or styled:
            # What has a style is encoded by it already.
            url += (self._joint, "&".join((urlencode(terms), *styled) if terms else styled))
        request.url = "".join(url)
        self._add_body(request, given, form, files)
        for chosen in (headers, given.get("headers") if "headers" in self.extras else None):
            if chosen:
                content_type = request.headers.get("Content-Type", "")
                _add_headers(request.headers, chosen)
                if content_type.startswith(multipart.BOUND):  # nobody else knows the boundary
                    request.headers["Content-Type"] = content_type
        return request

    def _merged(self, given: Mapping[str, Any]) -> list[str]:
        return [name for name in ("query", "search") if name in self.extras and name in given]

    def _check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments that count, or raise UsageError for the first that is wrong."""
        given = {}
        for name, value in arguments.items():
            if value is None or (not value and name in self._empty_is_none):
                continue
            given[name] = value
        if not self._names.issuperset(given):
            given = self._fold(self._respelled(given))
        for parameter in self._required:
            if parameter.name not in given:
                raise self._missing(given)
        return given

    def _respelled(self, given: dict[str, Any]) -> dict[str, Any]:
        """Give the parameters that a call spells as identifiers the names that they have."""
        from agavepy.naming import spellings

        meant = {word: name for name, word in spellings(self.plan.parameters, self.extras).items()}
        own = {field[0] for body in self._bodies for field in body.fields}
        return {
            name if name in own and name not in self._names else meant.get(name, name): value
            for name, value in given.items()
        }

    def _fold(self, given: dict[str, Any]) -> dict[str, Any]:
        """Make a body of keywords that are fields of it, where no body is given."""
        body = self._bodies[0] if self._bodies else None
        known = self._names
        if body is not None and body.name in given:
            known = known | self._shadowed & {*self.extras}
        unknown = [name for name in given if name not in known]
        if not unknown:
            return given
        fields = {field[0] for field in body.fields if "." not in field[0]} if body else set()
        if body is not None and body.name not in given and fields.issuperset(unknown):
            folded = {name: value for name, value in given.items() if name in self._names}
            return {**folded, body.name: {name: given[name] for name in unknown}}
        name = next((name for name in unknown if name not in fields), unknown[0])
        if body is not None and name in fields:
            raise UsageError(f"{self.plan.id}: {name!r} is a field of {body.name}: put it in there")
        names = ", ".join(item.name for item in self.plan.parameters) or "none"
        raise UsageError(
            f"{self.plan.id} has no argument {name!r}{nearest(name, {*self._names, *fields})}; "
            f"its arguments: {names}"
        )

    def _missing(self, given: Mapping[str, Any]) -> UsageError:
        absent = [item for item in self._required if item.name not in given]
        text = ", ".join(f"{p.name} ({p.doc})" if p.doc else p.name for p in absent)
        return UsageError(f"{self.plan.id} needs {text}")

    def _sort(
        self, given: Mapping[str, Any], headers: CaseInsensitiveDict[str]
    ) -> tuple[
        list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, multipart.Source]], list[str]
    ]:
        """Return the query terms, form fields, files and the query terms that have a style.

        Header parameters and cookies go into ``headers``.
        """
        terms: list[tuple[str, str]] = []
        styled: list[str] = []
        form: list[tuple[str, str]] = []
        files: list[tuple[str, multipart.Source]] = []
        for name, value in given.items():
            parameter, location = self._places.get(name, _NOWHERE)
            if parameter is None:
                if name == "nonce":
                    terms.append(("x-nonce", str(value)))
                elif name == "filter":
                    terms.append((name, marshal.text_of(Parameter(name, "query"), value)))
            elif location == "query":
                terms += marshal.terms(parameter, value)
            elif location == "form":
                form += marshal.terms(parameter, value)
            elif location == "file":
                files.append((parameter.key or name, multipart.Source(value, name)))
            elif location == "header":
                _add_headers(headers, {parameter.key or name: marshal.text_of(parameter, value)})
            elif location == "styled":
                styled += _place(parameter, value, headers)
        return terms, form, files, styled

    def _add_body(
        self,
        request: requests.PreparedRequest,
        given: Mapping[str, Any],
        form: list[tuple[str, str]],
        files: list[tuple[str, multipart.Source]],
    ) -> None:
        plan = self.plan
        if files or (form and plan.body == "multipart" and FORM not in plan.consumes):
            stream, content_type = multipart.encode(form, files)
            _set_body(request, stream, content_type)
        elif form:
            _set_body(request, urlencode(form).encode(), FORM)
        elif self._bodies and self._bodies[0].name in given:
            self._add_document(request, self._bodies[0].name, given)
        elif plan.method in _BODY_METHODS and plan.method != "DELETE":
            request.headers["Content-Length"] = "0"

    def _add_document(
        self, request: requests.PreparedRequest, name: str, given: Mapping[str, Any]
    ) -> None:
        """Set a body: text and bytes as they are, an open file streamed, all else as JSON.

        What OpenAPI 3 describes is written as one of its media types.
        """
        if self.plan.bodies:
            from agavepy import bodies

            wanted = _content_type(given.get("headers") if "headers" in self.extras else None)
            _set_body(request, *bodies.encode(self.plan, name, given[name], wanted))
            return
        value = given[name]
        consumes = self.plan.consumes
        content_type = JSON if JSON in consumes or not consumes else consumes[0]
        if isinstance(value, str):
            _set_body(request, value.encode(), content_type)
        elif isinstance(value, bytes | bytearray | memoryview):
            _set_body(request, bytes(value), content_type)
        elif hasattr(value, "read"):
            _set_body(request, multipart.Stream([multipart.Source(value, name)]), content_type)
        elif self.plan.body == "bytes":
            raise UsageError(f"{self.plan.id}: give bytes, text or an open file for {name}")
        else:
            _set_body(request, marshal.json_text(name, value).encode(), JSON)


def _styles() -> Any:
    """Return the module that writes the styles of OpenAPI 3, which few calls need."""
    from agavepy import styles

    return styles


def _place(parameter: Parameter, value: Any, headers: CaseInsensitiveDict[str]) -> list[str]:
    """Return the query terms of a parameter that has a style; others go into ``headers``."""
    styles = _styles()
    if parameter.location == "query":
        terms: list[str] = styles.query_terms(parameter, value)
        return terms
    if parameter.location == "header":
        key = parameter.key or parameter.name
        _add_headers(headers, {key: styles.header_text(parameter, value)})
    elif parameter.location == "cookie":
        cookies = [headers["Cookie"]] if "Cookie" in headers else []
        headers["Cookie"] = "; ".join([*cookies, *styles.cookies(parameter, value)])
    return []


def _content_type(headers: Any) -> str:
    """Return the Content-Type that a caller asks for."""
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if str(name).lower() == "content-type" and value is not None:
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return ""


def _split(path: str, table: Mapping[str, Parameter]) -> tuple[Any, ...]:
    """Return the template as text and, between, the parameters with what writes each.

    An undeclared variable stays.
    """
    pieces: list[Any] = []
    literal, *rest = path.split("{")
    pieces.append(literal)
    for item in rest:
        name, closed, after = item.partition("}")
        parameter = table.get(name) if closed else None
        if parameter is None:
            pieces += [f"{{{name}{closed}", after]
        else:
            write = _styles().path_text if parameter.style else marshal.path_text
            pieces += [(name, parameter, write), after]
    return tuple(piece for piece in pieces if piece != "")


def _set_body(request: requests.PreparedRequest, body: Any, content_type: str) -> None:
    request.body = body
    size = body.size if isinstance(body, multipart.Stream) else len(body)
    if size is None:
        request.headers["Transfer-Encoding"] = "chunked"
    else:
        request.headers["Content-Length"] = str(size)
    request.headers["Content-Type"] = content_type


def _add_headers(headers: CaseInsensitiveDict[str], chosen: Any) -> None:
    if not isinstance(chosen, Mapping):
        raise UsageError(f"headers={chosen!r}: give a dict of request headers")
    for name, value in chosen.items():
        if value is not None:
            headers[name] = marshal.header_text(name, value)
