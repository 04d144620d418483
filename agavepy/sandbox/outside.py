"""How the sandbox speaks HTTP to the outside: inputs that it fetches, subscribers that it tells."""

from __future__ import annotations

from typing import Any

import requests
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url

from agavepy.sandbox.tenant import Tenant


def options(tenant: Tenant, url: str) -> dict[str, Any]:
    """Return the arguments with which ``requests`` reaches ``url`` as anybody would.

    Only credentials in the address itself are sent: an ``auth`` is always given, so that requests
    does not look for one in the ``~/.netrc`` of the machine. The tenant's own certificate is known.
    """
    name, password = get_auth_from_url(url)
    bundle = tenant.root / "tls" / "ca.pem"
    own = tenant.owns(url) and bundle.exists()
    return {
        "auth": HTTPBasicAuth(name, password) if name else _anonymous,
        "verify": str(bundle) if own else True,
    }


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
