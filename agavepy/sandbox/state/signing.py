"""The key pair with which a tenant's gateway signs its assertions; made when first asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant

#: Seconds for which an assertion is good (WSO2 API Manager's default).
ASSERTION_TTL_S = 900
_ISSUER = "wso2.org/products/am"
_CLAIMS = "http://wso2.org/claims/"


def public_key(tenant: Tenant) -> str:
    """Return the public key as PEM text; the private one is kept below the tenant's state.

    Raises ApiError 500 when the package cryptography is not installed.
    """
    return _pair(tenant)["public"]


def assertion(
    tenant: Tenant, username: str, roles: Iterable[str], client: Mapping[str, Any]
) -> str:
    """Return what the gateway tells services of a caller: a JSON web token signed with RS256.

    The claims are those that services read (agaveflask ``auth.py``, science-apis agave-common).
    Raises ApiError 500 when the package cryptography is not installed.
    """
    pair = _pair(tenant)
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_private_key(pair["private"].encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):  # nothing but _pair writes it
        raise TypeError(f"The gateway's key is no RSA key: {type(key).__name__}")
    now = int(tenant.clock.now())
    claims = {
        "enduser": f"{tenant.tenant_id.upper()}/{username}@carbon.super",
        "role": ",".join(sorted(roles)),
        "subscriber": client["owner"],
        "applicationname": client["name"],
        "tier": client["tier"],
    }
    payload = {
        "iss": _ISSUER,
        "iat": now,
        "exp": now + ASSERTION_TTL_S,
        **{_CLAIMS + name: value for name, value in claims.items()},
    }
    signed = f"{_part({'typ': 'JWT', 'alg': 'RS256'})}.{_part(payload)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_base64(signature)}"


def _pair(tenant: Tenant) -> dict[str, str]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError as error:
        text = "The gateway's key needs the package cryptography: pip install agavepy[sandbox]"
        raise ApiError(500, text) from error
    with tenant.lock("signing"):
        kept = tenant.store.get("signing", "gateway")
        if kept is None:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            private = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            public = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            kept = {"private": private.decode(), "public": public.decode()}
            tenant.store.put("signing", "gateway", kept)
    return kept


def _part(content: Any) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
