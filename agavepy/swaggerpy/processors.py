"""The base of what programs hung into the reading of documents; nothing calls it any more."""

from __future__ import annotations

from agavepy.deprecation import deprecated


class SwaggerProcessor:
    """A processor of documents; those built in are compiled beforehand and are not processed."""

    @deprecated("a description of your own", f"{__name__}.SwaggerProcessor")
    def __init__(self) -> None:
        pass


class AgaveProcessor(SwaggerProcessor):
    """The processor of the documents of the platform."""
