"""The methods that ``Agave`` has from earlier releases: each in its module until it is first used.

A client that never uses one does not load them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


class Door:
    """A method that is looked up in ``module`` when it is first used, and then stands in its class.

    The function there has the name of the method; ``kind`` makes of it what stands in the class,
    such as a property.
    """

    def __init__(self, module: str, kind: Callable[[Any], Any] | None = None) -> None:
        self._module = module
        self._kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: Any, owner: type) -> Any:
        found = getattr(import_module(self._module), self._name)
        setattr(self._owner, self._name, self._kind(found) if self._kind else found)
        return getattr(owner if instance is None else instance, self._name)


_CLIENTS = "agavepy.interactive.clients"
_FILES = "agavepy.interactive.files"
_TOKENS = "agavepy.interactive.tokens"
_TENANTS = "agavepy.interactive.tenants"
_SESSIONS = "agavepy.interactive.sessions"
_RECORDS = "agavepy.interactive.records"
_TRANSFERS = "agavepy.interactive.transfers"
_VIEWS = "agavepy.interactive.views"


class ClientCommands:
    """OAuth clients, by a name and password that are asked for (agavepy 0.9 and 1.0)."""

    clients_create = Door(_CLIENTS)
    clients_delete = Door(_CLIENTS)
    clients_list = Door(_CLIENTS)
    clients_subscribe = Door(_CLIENTS)
    clients_subscriptions = Door(_CLIENTS)
    clients_subscribtions = Door(_CLIENTS)


class TokenCommands:
    """Tokens, by a password that is asked for (agavepy 0.9)."""

    get_access_token = Door(_TOKENS)
    refresh_tokens = Door(_TOKENS)


class DeprecatedCommands:
    """What agavepy 0.9 did on a terminal, and 1.0 refused to: tenants, logins, files."""

    init = Door(_TENANTS)
    list_tenants = Door(_TENANTS)
    _choose_tenant = Door(_TENANTS)
    save_configs = Door(_SESSIONS)
    load_configs = Door(_SESSIONS)
    files_copy = Door(_FILES)
    files_delete = Door(_FILES)
    files_download = Door(_FILES)
    files_history = Door(_FILES)
    files_import = Door(_FILES)
    files_list = Door(_FILES)
    files_mkdir = Door(_FILES)
    files_move = Door(_FILES)
    files_pems_delete = Door(_FILES)
    files_pems_list = Door(_FILES)
    files_pems_update = Door(_FILES)
    files_upload = Door(_FILES)


class Earlier(ClientCommands, TokenCommands, DeprecatedCommands):
    """All of them, and what programs reached for beside the services."""

    geturl = Door(_TRANSFERS)
    download_uri = Door(_TRANSFERS)
    resource = Door(_VIEWS)
    all = Door(_VIEWS, property)
    clients_resource = Door(_VIEWS, property)
    resource_exceptions = Door(_VIEWS, property)
    agpy_path = Door(_RECORDS, classmethod)
    agavecurrent_path = Door(_RECORDS, classmethod)
    tapis_cache_path = Door(_RECORDS, classmethod)
    tapis_current_path = Door(_RECORDS, classmethod)
    tapis_sessions_path = Door(_RECORDS, classmethod)
    _read_clients = Door(_RECORDS, classmethod)
    _read_current = Door(_RECORDS, classmethod)
    _read_sessions = Door(_RECORDS, classmethod)
    _write_client = Door(_RECORDS)
    _restore_client = Door(_RECORDS, classmethod)
    _restore_direct = Door(_RECORDS, classmethod)
    _restore_cached = Door(_RECORDS, classmethod)
    _restore_env = Door(_RECORDS, classmethod)
