"""The certificate of a sandbox that speaks https, and the bundle to verify it with."""

from __future__ import annotations

import ssl
from pathlib import Path

from agavepy.sandbox.errors import SandboxError


def server_context(root: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS context for ``host`` and the PEM file to hand to ``verify=``.

    The authority is kept below ``root``, so that a bundle stays good when a tenant is restarted
    on the same state. Raises SandboxError when the package trustme is not installed, or when what
    was kept cannot be read.
    """
    try:
        import trustme
    except ImportError as error:
        raise SandboxError("TLS needs the package trustme: pip install agavepy[sandbox]") from error
    folder = root / "tls"
    folder.mkdir(mode=0o700, exist_ok=True)
    bundle, key = folder / "ca.pem", folder / "ca-key.pem"
    if bundle.exists() and key.exists():
        try:
            authority = trustme.CA.from_pem(bundle.read_bytes(), key.read_bytes())
        except ValueError as error:
            raise SandboxError(
                f"the certificate in {folder} cannot be read: remove that directory, and a new "
                "one is made"
            ) from error
    else:
        authority = trustme.CA()
        key.touch(mode=0o600)
        authority.private_key_pem.write_to_path(key)
        authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", host).configure_cert(context)
    return context, bundle
