"""The door of agavepy 1.0 to services and operations, and to what made them from documents."""

from __future__ import annotations

from agavepy.operation import Operation
from agavepy.operation import Service as Resource
from agavepy.swaggerpy.client import SwaggerClient
from agavepy.swaggerpy.http_client import SynchronousHttpClient
from agavepy.swaggerpy.processors import AgaveProcessor, SwaggerProcessor

__all__ = [
    "AgaveProcessor",
    "Operation",
    "Resource",
    "SwaggerClient",
    "SwaggerProcessor",
    "SynchronousHttpClient",
]
