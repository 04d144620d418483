"""Links in answers: what makes their addresses, and how the services write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Linker(Protocol):
    """What makes addresses of operations, such as a call."""

    def link(self, service: str, operation: str, /, **arguments: Any) -> str:
        """Return the address of an operation with these arguments."""


def hrefs(links: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """Return addresses by their names as ``_links`` has them, without those that lead nowhere."""
    return {name: {"href": address} for name, address in links.items() if address}
