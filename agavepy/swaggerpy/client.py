"""A client of the services of a resource listing, with credentials of an HTTP client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agavepy import settings
from agavepy.client import Agave
from agavepy.deprecation import deprecated
from agavepy.interactive.views import View
from agavepy.swaggerpy.http_client import SynchronousHttpClient

LOG_LEVEL: str = settings.SWAGGERPY_LOG_LEVEL


class SwaggerClient(View):
    """The services at the ``basePath`` of ``resources``, which ``load_resource`` gives.

    ``http_client`` holds the credential and says whether certificates are checked; ``show_curl``
    shows each request on standard error. There is nothing that ``extra_processors`` could process.
    Raises UsageError when ``resources`` has no address.
    """

    @deprecated("Agave, or Agave.swagger_client for bravado", f"{__name__}.SwaggerClient")
    def __init__(
        self,
        resources: Mapping[str, Any],
        http_client: SynchronousHttpClient | None = None,
        extra_processors: Iterable[object] | None = None,
        show_curl: bool = False,
    ) -> None:
        way = http_client or SynchronousHttpClient()
        client = Agave(api_server=resources.get("basePath"), cache_client=False, **way.credentials)
        client.show_curl = show_curl
        super().__init__(client)

    def close(self) -> None:
        """Close the connections."""
        self._client.transport.close()
