"""The key pair with which a tenant's gateway signs its assertions; made when first asked for."""

from __future__ import annotations

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant


def public_key(tenant: Tenant) -> str:
    """Return the public key as PEM text; the private one is kept below the tenant's state.

    Raises ApiError 500 when the package cryptography is not installed.
    """
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError as error:
        text = "The public key needs the package cryptography: pip install agavepy[sandbox]"
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
    return str(kept["public"])
