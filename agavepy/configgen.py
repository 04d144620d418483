"""The resources that programs for earlier releases load once and hand to their clients."""

from __future__ import annotations

from typing import Any

from agavepy import config, loader
from agavepy.deprecation import deprecated

__all__ = ["ConfigGen", "load_resource", "updateDict"]


@deprecated("Agave without resources=: clients share what they know of services")
def load_resource(api_server: str) -> dict[str, Any]:
    """Return a listing of the services at ``api_server``, without asking it.

    ``Agave(resources=…)`` takes it; clients share what they know of services without it. Raises
    UsageError for what is no address.
    """
    return {
        "basePath": config.server_url(api_server),
        "apis": [{"name": name} for name in loader.services()],
    }


@deprecated("dict.update, or a library that merges documents")
def updateDict(base_dict: dict[str, Any], new_dict: dict[str, Any]) -> dict[str, Any]:
    """Merge a document into another, dicts key by key and lists end to end; return the latter."""
    for key, value in new_dict.items():
        if isinstance(value, dict):
            base_dict[key] = updateDict(base_dict.get(key, {}), value)
        elif isinstance(value, list):
            base_dict.setdefault(key, []).extend(value)
        else:
            base_dict[key] = value
    return base_dict


class ConfigGen:
    """A template by its name in a Jinja environment."""

    def __init__(self, template_str: str) -> None:
        self.template_str = template_str

    @deprecated("jinja2.Environment.get_template(…).render(…)")
    def compile(self, configs: dict[str, Any], env: Any) -> str:
        """Return the text that the template of ``env`` makes of ``configs``."""
        text: str = env.get_template(self.template_str).render(configs)
        return text
