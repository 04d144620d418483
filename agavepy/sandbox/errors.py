"""The two ways in which the sandbox refuses: as a service and as the API manager before it."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A service's refusal, answered in the envelope of the service's family."""

    def __init__(
        self, status: int, message: str, result: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.result = result
        self.headers = headers or {}


class Fault(Exception):
    """A refusal of the API manager, by its code (WSO2 API Manager, "API handler error codes")."""

    def __init__(
        self, code: int, description: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.headers = headers or {}


class SandboxError(Exception):
    """The sandbox cannot start or go on; the text says why and what to do."""
