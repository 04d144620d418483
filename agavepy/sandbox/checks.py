"""Hold replies against the documents, for tests: as strict as the client is lenient."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from agavepy import loader
from agavepy.plan import Plan
from agavepy.sandbox.call import Reply
from agavepy.sandbox.envelope import success
from agavepy.sandbox.errors import ApiError, SandboxError
from agavepy.sandbox.job_models import MODELS

if TYPE_CHECKING:
    from bravado_core.spec import Spec


#: bravado-core takes two threads that meet a schema for the first time for a recursion.
_one_at_a_time = threading.Lock()
#: A body that is not JSON, or that nobody has read.
UNREAD: Any = object()


class Checks:
    """Validates answers; documents are read by bravado-core when a service first answers.

    ``jobs`` is the model of the tenant's jobs service, some answers of which are described apart
    from the classic ones; without it an answer may be of either.
    """

    def __init__(self, jobs: str = "") -> None:
        self._jobs = jobs
        self._specs: dict[str, Spec] = {}
        self._operations: dict[tuple[str, str], dict[str, Any]] = {}

    def reply(self, plan: Plan, reply: Reply) -> None:
        """Raise SandboxError when the status is not described or the body has another shape."""
        body = reply.result
        if reply.kind == "raw":
            body = UNREAD
        elif plan.answer.family != "none" and reply.kind != "plain":
            body = success(plan.answer.family, reply.message, reply.result, reply.kind == "result")
        fault = self.answer(plan, reply.status, body)
        if fault:
            raise SandboxError(f"{plan.id} answered {fault}")

    def answer(self, plan: Plan, status: int, body: Any) -> str:
        """Return what is not as described in an answer, "" when all is.

        ``body`` is parsed JSON, or UNREAD to have only the status looked at.
        """
        spec, operation = self._operation(plan)
        responses = operation["responses"]
        described = responses.get(str(status), responses.get("default"))
        if described is None:
            return f"{status}, which its description does not have"
        described = spec.deref(described)
        schema = spec.deref(described.get("schema"))
        if schema is None or body is UNREAD or schema.get("type") == "file":
            return ""
        apart = {name: described.get(f"x-agavepy-{name}") for name in MODELS}
        if self._jobs:
            return _difference(spec, apart[self._jobs] or schema, body)
        fault = _difference(spec, schema, body)
        others = [other for other in apart.values() if other] if fault else []
        return "" if any(not _difference(spec, other, body) for other in others) else fault

    def body(self, plan: Plan, body: Any) -> None:
        """Raise ApiError 400 when a body is not what its description says, naming the place."""
        spec, operation = self._operation(plan)
        parameters = map(spec.deref, operation["parameters"])
        schema = next(item["schema"] for item in parameters if item["in"] == "body")
        fault = _difference(spec, schema, body)
        if fault:
            raise ApiError(400, fault)

    def _operation(self, plan: Plan) -> tuple[Spec, dict[str, Any]]:
        if plan.service not in self._specs:
            spec = self._specs[plan.service] = loader.spec(plan.service)
            for item in spec.spec_dict["paths"].values():
                for operation in item.values():
                    if isinstance(operation, dict) and "operationId" in operation:
                        key = (plan.service, operation["operationId"])
                        self._operations[key] = operation
        return self._specs[plan.service], self._operations[plan.service, plan.name]


def _difference(spec: Spec, schema: Any, value: Any) -> str:
    """Return where ``value`` is not as the schema says, and how; "" when it is."""
    from agavepy.spec import old_means

    with old_means():
        from bravado_core.validate import validate_object
        from jsonschema import ValidationError

    try:
        # validate_schema_object passes over a schema without a `type`, such as an `allOf`.
        with _one_at_a_time, old_means():
            validate_object(spec, spec.deref(schema), value)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.absolute_path) or "the body"
        return f"{where} = {error.instance!r:.200}: {error.message:.300}"
    return ""
