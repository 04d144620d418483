"""A request as services see it, and their reply: no sockets, no bytes on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agavepy.plan import Plan
from agavepy.sandbox.search import order, search

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage

    from agavepy.sandbox.tenant import Tenant

#: science-apis common.conf
DEFAULT_LIMIT, MAX_LIMIT = 100, 250


@dataclass
class Call:
    """One request to one operation, its arguments converted to the types of the description.

    ``args`` holds path, query, header and form arguments by name, absent ones missing; ``body`` the
    parsed body, None when there was none; ``files`` uploads by part name; ``query`` the raw terms;
    ``nonce`` the actor's nonce that was sent in place of a token.
    """

    tenant: Tenant
    plan: Plan
    args: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    files: Mapping[str, FileStorage] = field(default_factory=dict)
    user: str = ""
    roles: frozenset[str] = frozenset()
    client_name: str = ""
    nonce: str = ""
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    remote_addr: str = "127.0.0.1"

    @property
    def is_admin(self) -> bool:
        """Whether the caller administers the tenant."""
        return "admin" in self.roles

    @property
    def internal_user(self) -> str:
        """The internal user that the request names (agave-common AgaveResource), or nothing."""
        return self.headers.get("x-agave-internaluser", "")

    @property
    def limit(self) -> int:
        """How many items to answer at the most (agave-common AgaveResource)."""
        return min(abs(int(self.args.get("limit", DEFAULT_LIMIT))), MAX_LIMIT)

    @property
    def offset(self) -> int:
        """How many items to skip."""
        return abs(int(self.args.get("offset", 0)))

    @property
    def wants_full(self) -> bool:
        """Whether a listing shall hold whole objects: any ``filter`` asks for them."""
        return bool(self.args.get("filter"))

    def link(self, service: str, operation: str, /, **arguments: Any) -> str:
        """Return the address of an operation with these path (and query) arguments.

        It is empty when no document describes the service.
        """
        return self.tenant.link(service, operation, **arguments)

    def page(self, items: list[Any]) -> list[Any]:
        """Return the page of ``items`` that limit and offset ask for."""
        return items[self.offset : self.offset + self.limit]

    def select(
        self, items: Iterable[dict[str, Any]], default: str = "lastUpdated"
    ) -> list[dict[str, Any]]:
        """Return the page of the items that match the search terms, in the order asked for.

        Without ``orderBy`` the items are sorted by the field ``default``, newest or last first.
        """
        found = search(items, self.plan.search, self.query, self.tenant.clock.now())
        by = str(self.args.get("orderBy") or default)
        direction = str(self.args.get("order") or "DESC")
        return self.page(order(found, self.plan.search, by, direction))


@dataclass
class Reply:
    """What a service answers; ``kind`` is result, empty, raw or plain."""

    result: Any = None
    status: int = 200
    message: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "result"
    content_type: str = ""

    @classmethod
    def empty(cls, status: int = 200, message: str | None = None) -> Reply:
        """Return an envelope without a result."""
        return cls(None, status, message, kind="empty")

    @classmethod
    def raw(
        cls,
        body: bytes | Iterable[bytes],
        content_type: str,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Return bytes as they are; an iterable is streamed."""
        return cls(body, status, None, headers or {}, "raw", content_type)

    @classmethod
    def plain(cls, result: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        """Return JSON without an envelope."""
        return cls(result, status, None, headers or {}, "plain")
