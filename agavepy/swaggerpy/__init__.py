"""What stood for services and their documents before: a client of descriptions that are built in.

Documents are compiled by ``agavepy.compiler`` now, and ``Agave`` is the client of them.
"""

from __future__ import annotations

from agavepy.swaggerpy.processors import SwaggerProcessor

__all__ = ["SwaggerProcessor"]
