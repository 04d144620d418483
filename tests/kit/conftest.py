"""The kit's own tests run pytest within pytest, which forgets what was imported meanwhile."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import agavepy.client
import agavepy.testing
from agavepy.sandbox import registry

# Everything is imported once, before the first inner run: a module of which there were two would
# be patched in one and used from the other, and services register themselves when imported.
registry.load()
for module in pkgutil.iter_modules(agavepy.testing.__path__):
    import_module(f"agavepy.testing.{module.name}")
