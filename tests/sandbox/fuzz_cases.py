"""Requests that schemathesis makes up from a description, and what is wrong with the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests.auth import HTTPBasicAuth
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agavepy.loader import SPECS
from agavepy.sandbox import Sandbox
from tests.sandbox.fuzz_documents import bundled
from tests.sandbox.fuzz_seeds import Seeds

#: Seconds after which a request counts as hanging.
PATIENCE_S = 20
CLEAN = "clean"
#: Operators of search terms, good and bad ones.
_OPERATORS = ("", ".eq", ".neq", ".lt", ".gte", ".like", ".rlike", ".in", ".between", ".on", ".x")
_SOUGHT = st.one_of(
    st.text(max_size=5),
    st.integers().map(str),
    st.dates().map(str),
    st.sampled_from(["*a*", "(", '["a",1]', "2020-01-01,now", "true"]),
)


class Fuzz:
    """Asks one sandbox the same as each of some users.

    ``findings`` holds what was wrong with answers, by operation and kind; ``asked`` how often an
    operation was answered with a status, 0 for no answer at all.
    """

    def __init__(self, sandbox: Sandbox, seeds: Seeds, users: tuple[str, ...]) -> None:
        self.findings: dict[tuple[str, str], str] = {}
        self.asked: Counter[tuple[str, int]] = Counter()
        self._sandbox, self._seeds, self._users = sandbox, seeds, users
        self._session = requests.Session()
        self._session.trust_env = False
        opened = self._session.get(f"{sandbox.url}/?secret={sandbox.control.secret}")
        assert opened.ok, opened.text  # a cookie lets it see the pages
        sandbox.control.snapshot(CLEAN)

    def document(self, name: str, examples: int, number: int | None = None, only: str = "") -> None:
        """Ask every operation of a document, ``examples`` times with good and with bad data.

        The same requests are made in every run, unless a ``number`` chooses others.
        """
        model = self._sandbox.tenant.jobs.name
        schema = schemathesis.openapi.from_dict(bundled(SPECS / f"{name}.yaml", model))
        schema.config.generation.with_security_parameters = (
            False  # every request has its credential
        )
        self._hook(schema)
        for result in schema.get_all_operations():
            operation = result.ok()
            if only and only != _id(operation):
                continue
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if mode is GenerationMode.POSITIVE or _can_be_wrong(operation):
                    self._clean()
                    cases = operation.as_strategy(generation_mode=mode)
                    _run(cases, self._ask_as_each, examples, number)

    def report(self) -> str:
        """Return the findings as text, each with a request that shows it."""
        found = self.findings.items()
        return "\n\n".join(f"{' '.join(about)}: {text}" for about, text in found)

    def _clean(self) -> None:
        self._sandbox.control.restore(CLEAN)
        self._logins = {user: self._sandbox.credentials(user) for user in self._users}

    def _hook(self, schema: Any) -> None:
        """Let some of the cases be about what exists, with bodies that are taken or nearly so."""
        known = self._seeds.values
        service = schema.raw_schema["x-agavepy-service"]

        def sometimes(values: Any) -> st.SearchStrategy[Any]:
            if not isinstance(values, dict):
                return st.just(values)
            return st.fixed_dictionaries(
                {
                    name: st.just(value) | st.sampled_from(known[name])
                    if name in known
                    else st.just(value)
                    for name, value in values.items()
                }
            )

        def flatmap_path_parameters(context: HookContext, path_parameters: Any) -> Any:
            if not isinstance(path_parameters, dict):
                return st.just(path_parameters)
            names = set(path_parameters)
            right = self._seeds.together(context.operation.path, names)
            right = [{name: values[name] for name in names} for values in right]
            some = sometimes(path_parameters)
            return some | st.sampled_from(right) | st.sampled_from(right) if right else some

        def map_query(context: HookContext, query: Any) -> Any:
            if service != "_page" or not isinstance(query, dict):
                return query
            # Any but the right secret is refused, whatever else is asked.
            return {name: value for name, value in query.items() if name != "secret"}

        def flatmap_query(context: HookContext, query: Any) -> Any:
            words = sorted(context.operation.definition.raw.get("x-agavepy-search", ()))
            if not words:
                return sometimes(query)
            word = st.tuples(st.sampled_from(words), st.sampled_from(_OPERATORS)).map("".join)
            terms: st.SearchStrategy[dict[str, str]] = st.just({}) | st.dictionaries(
                word, _SOUGHT, max_size=2
            )
            return st.tuples(sometimes(query or {}), terms).map(lambda both: {**both[0], **both[1]})

        def flatmap_body(context: HookContext, body: Any) -> Any:
            good = self._seeds.bodies.get(f"{service}.{_id(context.operation)}")
            if good is None:
                return sometimes(body)
            if not isinstance(body, dict) or not isinstance(good, dict):
                return st.just(body) | st.just(good)
            names = st.sets(st.sampled_from(sorted(body)), max_size=2) if body else st.just(set())
            nearly = names.map(lambda some: {**good, **{name: body[name] for name in some}})
            return sometimes(body) | nearly | nearly

        for hook in (map_query, flatmap_path_parameters, flatmap_query, flatmap_body):
            schema.hook(hook)

    def _credential(self, case: Case, user: str) -> Callable[[Any], Any]:
        """Return what puts the credential of an operation onto a request."""
        document = case.operation.schema.raw_schema
        required = case.operation.definition.raw.get("security", document.get("security", []))
        definitions = [document["securityDefinitions"][name] for each in required for name in each]
        kinds = {definition["x-agavepy-credential"] for definition in definitions}
        login = self._logins[user]
        if "user" in kinds:
            return HTTPBasicAuth(login["username"], login["password"])
        if "client" in kinds:
            return HTTPBasicAuth(login["api_key"], login["api_secret"])

        def sign(request: Any) -> Any:
            if "bearer" in kinds:
                request.headers["Authorization"] = f"Bearer {login['token']}"
            elif "secret" in kinds:
                request.headers["X-Sandbox-Secret"] = self._sandbox.control.secret
            return request

        return sign

    def _ask_as_each(self, case: Case) -> None:
        for user in self._users:
            self._ask(case, user)

    def _ask(self, case: Case, user: str) -> None:
        operation = f"{case.operation.schema.raw_schema['x-agavepy-service']}.{_id(case.operation)}"
        try:
            response = case.call(
                base_url=self._sandbox.url,
                session=self._session,
                auth=self._credential(case, user),
                timeout=PATIENCE_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self.asked[operation, 0] += 1
            self._note(operation, type(error).__name__, str(error), case)
            return
        status = response.status_code
        self.asked[operation, status] += 1
        if status >= 500 and not _is_deliberate(operation, status, response.content):
            self._note(operation, f"answered {status}", response.text[:500], case)
        try:
            case.validate_response(response, checks=_checks(case, response))
        except FailureGroup as group:
            for failure in group.exceptions:
                text = f"{failure.message[:700]}\n{response.content[:500]!r}"
                self._note(
                    operation,
                    f"{type(failure).__name__} {status} {failure.message[:90]}",
                    text,
                    case,
                )
        if status == 401 or (case.method == "DELETE" and status < 300):
            self._clean()  # the user, the token or what the seeds lead to may be gone

    def _note(self, operation: str, kind: str, text: str, case: Case) -> None:
        self.findings.setdefault((operation, kind), f"{text}\n{case.as_curl_command()[:1500]}")


def _run(cases: Any, ask: Callable[[Case], None], examples: int, number: int | None) -> None:
    config = settings(
        max_examples=examples,
        derandomize=number is None,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    test = config(given(case=cases)(ask))
    (test if number is None else seed(number)(test))()


def _id(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def _can_be_wrong(operation: Any) -> bool:
    """Tell whether there is bad data for an operation: every text is good where any text is."""
    given = [each.definition for each in (*operation.path_parameters, *operation.query)]
    return bool(len(operation.body)) or any(
        part["type"] != "string"
        or "enum" in part
        or (part["in"] == "query" and part.get("required"))
        for part in given
    )


def _is_deliberate(operation: str, status: int, content: bytes) -> bool:
    """Tell whether a status of 500 or more is what the servers answer, too.

    501 is for what they know and do not do; Abaco answers 500 to bad search terms.
    """
    return status == 501 or (operation.startswith("actors.") and b"Invalid search" in content)


def _checks(case: Case, response: Any) -> list[Any]:
    """Return the checks that an answer has to pass.

    Without an envelope or with only some of the fields a body is described by no schema.
    """
    checks = [status_code_conformance, response_headers_conformance]
    if not response.content:
        return checks
    checks.append(content_type_conformance)
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    is_file = (described.get("schema") or {}).get("type") == "file"
    query = case.query or {}
    if (
        not is_file
        and str(query.get("naked")).lower() not in {"true", "1"}
        and not query.get("filter")
    ):
        checks.append(response_schema_conformance)
    return checks
