"""What a new tenant holds: its users and clients, and with the seed ``demo`` things to try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agavepy.sandbox.state import actors, apps, clients, files, jobs, meta, systems, users
from agavepy.sandbox.tenant import Tenant

SEEDS = ("demo", "empty")


def plant(tenant: Tenant, seed: str, people: Mapping[str, str], admins: Iterable[str]) -> None:
    """Make the users (name to password), their clients and, for ``demo``, the demo resources.

    A tenant that has been seeded before keeps what it has; users that it lacks are added.
    """
    admins = list(admins)
    everybody = {**people, **{name: people.get(name, name) for name in admins}}
    with tenant.store.transaction():
        for name, password in everybody.items():
            if users.get(tenant, name) is None:
                users.add(tenant, name, password, admin=name in admins)
                client = clients.create(tenant, name, f"{tenant.tenant_id}-{name}")
                tenant.store.put("login", name, {**client, "password": password})
        if seed == "demo" and tenant.store.get("seed", seed) is None:
            names = list(everybody)
            for part in (systems, files, apps, jobs, meta, actors):
                part.seed_demo(tenant, names)
            tenant.store.put("seed", seed, {"planted": tenant.clock.now()})
