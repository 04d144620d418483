"""Functions of agavepy 0.9 for OAuth clients; the methods of ``Agave`` do the same."""

from __future__ import annotations

from agavepy.clients.create import clients_create
from agavepy.clients.delete import clients_delete
from agavepy.clients.exceptions import AgaveClientError
from agavepy.clients.list import clients_list
from agavepy.clients.subscribe import clients_subscribe
from agavepy.clients.subscribtions import clients_subscribtions

__all__ = [
    "AgaveClientError",
    "clients_create",
    "clients_delete",
    "clients_list",
    "clients_subscribe",
    "clients_subscribtions",
]
