"""What a tenant's gateway tells services of a caller: signed assertions, and their key."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant

#: Seconds for which an assertion is good (WSO2 API Manager's default).
ASSERTION_TTL_S = 900
_ISSUER = "wso2.org/products/am"
_CLAIMS = "http://wso2.org/claims/"
_DOMAIN = "@carbon.super"
#: Where the key pair is kept; it is made when it is first asked for.
_KEPT = ("signing", "gateway")


@dataclass(frozen=True)
class Assertion:
    """What a verified assertion says: who calls, with which roles, through which OAuth client."""

    username: str
    roles: frozenset[str]
    client_name: str


def header_name(tenant: Tenant) -> str:
    """Return the header in which assertions travel: the tenant's code with dashes is part of it."""
    return f"X-JWT-Assertion-{tenant.tenant_id.replace('.', '-')}"


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
        "enduser": f"{tenant.tenant_id.upper()}/{username}{_DOMAIN}",
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


def verified(tenant: Tenant, text: str) -> Assertion | None:
    """Return what an assertion says, None when it is not this gateway's, or no longer good.

    As agaveflask ``auth.py``: RS256 alone and the gateway's key; a caller is ``user`` or
    ``TENANT/user@carbon.super``.
    """
    if tenant.store.get(*_KEPT) is None:  # it has never signed one
        return None
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_public_key(public_key(tenant).encode())
    if not isinstance(key, rsa.RSAPublicKey):  # nothing but _pair writes it
        raise TypeError(f"The gateway's key is no RSA key: {type(key).__name__}")
    signed, _, signature = text.rpartition(".")
    try:
        key.verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        head, claims = (json.loads(_bytes(part)) for part in signed.split("."))
    except (InvalidSignature, ValueError):  # also of base64 and JSON
        return None
    if head["alg"] != "RS256" or claims["exp"] <= tenant.clock.now():
        return None
    caller = str(claims[f"{_CLAIMS}enduser"])
    realm, _, name = caller.rpartition("/")
    if realm and realm.upper() != tenant.tenant_id.upper():
        return None
    return Assertion(
        name.removesuffix(_DOMAIN),
        frozenset(claims[f"{_CLAIMS}role"].split(",")),
        claims[f"{_CLAIMS}applicationname"],
    )


def _pair(tenant: Tenant) -> dict[str, str]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError as error:
        text = "The gateway's key needs the package cryptography: pip install agavepy[sandbox]"
        raise ApiError(500, text) from error
    with tenant.lock("signing"):
        kept = tenant.store.get(*_KEPT)
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
            tenant.store.put(*_KEPT, kept)
    return kept


def _part(content: Any) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Undo :func:`_base64`; ValueError for what it does not write."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
