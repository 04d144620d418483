"""The tenant as a WSGI application: route, check the caller, call the handler, write the reply."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from typing import Any, cast

from werkzeug.wrappers import Request

from agavepy import loader
from agavepy.curl import blotted_url
from agavepy.plan import Plan
from agavepy.sandbox import faults, gateway, page, registry
from agavepy.sandbox.arguments import Arguments, read
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.checks import Checks
from agavepy.sandbox.control import Control
from agavepy.sandbox.envelope import RELEASES, failure, keep, success
from agavepy.sandbox.errors import ApiError, Fault, SandboxError
from agavepy.sandbox.router import Router
from agavepy.sandbox.state import disk
from agavepy.sandbox.tenant import Tenant

#: What only a sandbox has: the control door and the pages.
_OWN = ("_page.yaml", "_sandbox.yaml")
Route = tuple[Plan | None, dict[str, str], list[str]]
_log = logging.getLogger(__name__)
#: The key of a request's environment under which the tenant itself names on whose behalf it asks;
#: what comes over the wire cannot set it.
ACTING = "agavepy.acting"
_REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
    302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed",
    416: "Range Not Satisfiable", 429: "Too Many Requests", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
}  # fmt: skip


class App:
    """Answers the described operations of all bundled services for one tenant.

    Raises SandboxError when an operation is described and nothing answers it. ``check_answers``
    holds each reply against its document; one that differs is answered 500 with the difference.
    ``log`` is called with one line of text for each request.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        check_answers: bool = False,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.tenant = tenant
        services = [loader.service_plan(name) for name in loader.services()]
        services += [loader.load(loader.SPECS / name) for name in _OWN]
        plans = [plan for service in services for plan in service.values()]
        self.router = tenant.router = Router(plans)
        tenant.app = self
        self._handlers, self._starting, self._stopping = registry.load()
        described = {(plan.service, plan.name) for plan in plans}
        missing = sorted(described - set(self._handlers))
        unknown = sorted(set(self._handlers) - described)
        if missing or unknown:
            raise SandboxError(
                "descriptions and handlers differ: "
                f"without a handler {[f'{s}.{o}' for s, o in missing]}, "
                f"without a description {[f'{s}.{o}' for s, o in unknown]}"
            )
        self.control = tenant.control = Control(tenant, self._starting, self._stopping)
        self._checks = Checks(tenant.jobs.name) if check_answers else None
        self._log = log

    def start(self) -> None:
        """Settle what an earlier run on this state left unfinished."""
        for hook in self._starting:
            hook(self.tenant)

    def stop(self) -> None:
        """End what runs on its own."""
        self.control.close()
        for hook in self._stopping:
            hook(self.tenant)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request (WSGI, PEP 3333)."""
        request = Request(environ)
        raw = _raw(request)
        route = self.router.match(request.method, raw.partition("?")[0], request.mimetype)
        plan = route[0]
        if plan is not None and plan.security == "secret":
            status, headers, body = self._answer(request, route, None)[2:]
        else:
            started = time.perf_counter()
            self.control.gate.enter()
            try:
                fault = self.control.faults.take(plan.id if plan else "")
                user, arguments, status, headers, body = self._answer(request, route, fault)
            finally:
                self.control.gate.leave()
            if plan is not None and plan.service.startswith("_"):
                start_response(f"{status} {_REASONS.get(status, 'Status')}", list(headers.items()))
                return body
            self.control.requests.note(
                time=self.tenant.clock.now(),
                method=request.method,
                path=raw,
                operation=plan.id if plan else None,
                user=user,
                arguments=arguments,
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 3),
                fault=fault["kind"] if fault else None,
            )
            if self._log is not None:
                self._log(
                    f"{request.method} {blotted_url(raw)} {status} {plan.id if plan else '-'}"
                )
            if fault is not None:
                if fault["kind"] == "delay":
                    self._delay(fault["delay"])
                body = faults.spoil(fault, headers, body)
        start_response(f"{status} {_REASONS.get(status, 'Status')}", list(headers.items()))
        return body

    def _answer(
        self, request: Request, route: Route, fault: dict[str, Any] | None
    ) -> tuple[str, dict[str, Any], int, dict[str, str], Iterable[bytes]]:
        """Return user, arguments for the log, status, headers and body."""
        plan = route[0]
        with closing(Arguments()) as arguments:
            caller: list[str] = []
            reply = self._reply(request, route, arguments, caller, fault)
            answer = self._bytes(plan, reply, arguments)
            return "".join(caller), arguments.noted(), *answer

    def _delay(self, seconds: float) -> None:
        """Let whoever asked wait, unless the tenant stops."""
        tenant = self.tenant
        tenant.clock.wait(lambda: tenant.closing.is_set() or tenant.stopping.is_set(), seconds)

    def _reply(
        self,
        request: Request,
        route: Route,
        arguments: Arguments,
        caller: list[str],
        fault: dict[str, Any] | None,
    ) -> Reply:
        plan = route[0]
        try:
            if fault and plan and faults.is_instead(fault):
                # The log tells what was asked for, although nobody will serve it.
                with suppress(ApiError):
                    read(arguments, plan, request, route[1], self.tenant.root / "spool")
            instead = faults.instead(fault) if fault else None
            return instead or self._serve(request, route, arguments, caller)
        except Fault as refused:
            return gateway.fault_reply(self.tenant, refused, plan)
        except ApiError as error:
            return self._refusal(plan, error)
        except ConnectionError:
            raise
        except UnicodeEncodeError as error:
            text = f"A name cannot hold half a surrogate pair: {error.object!r:.80}"
            return self._refusal(plan, ApiError(400, text))
        except Exception as error:  # noqa: BLE001 - a handler's bug is a 500, told in the log
            if isinstance(error, OSError) and error.errno in disk.FULL:
                text = "No space left for the state of the tenant: free some space and try again."
                return self._refusal(plan, ApiError(500, text))
            _log.exception("%s failed", plan.id if plan else request.path)
            return self._refusal(plan, ApiError(500, f"{type(error).__name__}: {error}"))

    def _serve(
        self, request: Request, route: Route, arguments: Arguments, caller: list[str]
    ) -> Reply:
        """Return what the service answers. Raises Fault and ApiError."""
        plan, variables, allowed = route
        if plan is None:
            if allowed:
                return self._not_allowed(request, allowed)
            near = self.router.near(_raw(request).partition("?")[0])
            if _family(near) == "flask":  # these tell bad routes and bad methods alike
                text = f"There is no {request.method} {request.path}"
                return self._refusal(near, ApiError(405, text))
            raise Fault(900906, f"{request.method} {request.path}")
        acting = request.environ.get(ACTING)
        query = request.args
        identity = gateway.authenticate(self.tenant, plan, request.headers, query, acting)
        caller.append(identity.username)
        read(arguments, plan, request, variables, self.tenant.root / "spool")
        call = Call(
            tenant=self.tenant,
            plan=plan,
            args=arguments.values,
            body=arguments.body,
            files=arguments.files,
            user=identity.username,
            roles=frozenset(identity.roles),
            client_name=identity.client_name,
            nonce=identity.nonce,
            query=list(request.args.items(multi=True)),
            headers=cast("Mapping[str, str]", request.headers),
            remote_addr=request.remote_addr or "127.0.0.1",
        )
        reply = self._handlers[plan.service, plan.name](call)
        if self.tenant.pace.looking and plan.method == "GET" and not plan.service.startswith("_"):
            self.tenant.pace.looked(variables.values())
        if reply.message is None and plan.service == self.tenant.jobs.service:
            reply.message = self.tenant.jobs.message(plan)
        if self._checks is not None:
            self._checks.reply(plan, reply)
        return reply

    def _not_allowed(self, request: Request, allowed: list[str]) -> Reply:
        """Return the refusal of a method in the envelope of the service that has the path."""
        plan, _, _ = self.router.match(allowed[0], _raw(request).partition("?")[0])
        status = 501 if _family(plan) == "php" else 405  # agave-tenants: whatever is not GET
        text = f"The method {request.method} is not allowed for {request.path}"
        return self._refusal(plan, ApiError(status, text, headers={"Allow": ", ".join(allowed)}))

    def _bytes(
        self, plan: Plan | None, reply: Reply, arguments: Arguments
    ) -> tuple[int, dict[str, str], Iterable[bytes]]:
        headers = dict(reply.headers)
        if reply.kind == "raw":
            headers.setdefault("Content-Type", reply.content_type)
            if isinstance(reply.result, bytes):
                headers.setdefault("Content-Length", str(len(reply.result)))
                return reply.status, headers, [reply.result]
            return reply.status, headers, reply.result
        family = _family(plan)
        content = reply.result
        if reply.kind in {"result", "empty"} and family != "none":
            has_result = reply.kind == "result"
            result = reply.result
            if has_result and arguments.values.get("filter") and family != "flask":
                result = keep(result, str(arguments.values["filter"]))
            content = success(family, reply.message, result, has_result, self._version(plan))
            if arguments.values.get("naked") and family in {"java", "php"}:
                content = result if has_result else None
        elif reply.kind == "error" and arguments.values.get("naked"):
            # The PHP services print the message itself, which is no JSON.
            bare = (reply.message or "").encode(errors="backslashreplace")
            content = {"java": None, "php": bare}.get(family, content)
        data = b"" if content is None and reply.kind != "plain" else _dump(content, arguments)
        if reply.status == 204:
            data = b""
        headers.setdefault("Content-Type", "application/json;charset=UTF-8")
        headers["Content-Length"] = str(len(data))
        return reply.status, headers, [data]

    def _version(self, plan: Plan | None) -> str:
        """Return what the envelopes of a service call its version; "" for that of its family."""
        model, service = self.tenant.jobs, plan.service if plan is not None else ""
        return model.version if service == model.service else RELEASES.get(service, "")

    def _refusal(self, plan: Plan | None, error: ApiError) -> Reply:
        if plan is not None and plan.service == page.SERVICE:
            return page.refusal(self.tenant, error)
        family = _family(plan)
        family = "java" if family == "none" else family
        body = failure(family, error.message, error.result, self._version(plan))
        return Reply(body, error.status, error.message, error.headers, kind="error")


def _dump(content: Any, arguments: Arguments) -> bytes:
    if isinstance(content, bytes):
        return content
    indent = 2 if arguments.values.get("pretty") else None
    separators = None if indent else (",", ":")
    text = json.dumps(content, ensure_ascii=False, indent=indent, separators=separators)
    # Half a surrogate pair, which JSON may hold and UTF-8 may not, goes out as the escape it was.
    return text.encode(errors="backslashreplace")


def _raw(request: Request) -> str:
    """Return path and query as they were sent, nothing decoded."""
    environ = request.environ
    return str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or request.path)


def _family(plan: Plan | None) -> str:
    return plan.answer.family if plan else "java"
