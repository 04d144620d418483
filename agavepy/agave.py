"""The door of earlier releases: ``from agavepy.agave import Agave``."""

from __future__ import annotations

from agavepy.auth.login import Token
from agavepy.client import Agave
from agavepy.errors import AgaveError, AgaveException
from agavepy.operation import Operation
from agavepy.result import AttrDict

__all__ = ["Agave", "AgaveError", "AgaveException", "AttrDict", "Operation", "Token"]
