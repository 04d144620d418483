"""What a document may lead to: a file to files, a page of the web to its own server, no further."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agavepy.config import PORTS, origin
from agavepy.errors import DescriptionError, redact_url

#: How the origin of a document begins that is neither a file nor a page: an object in memory.
MEMORY = "object:"


def is_web(address: str) -> bool:
    """Tell whether an address is one of the web."""
    return address.partition("://")[0].lower() in PORTS


def refuse_reference(reference: str, document: str) -> None:
    """Raise DescriptionError where a document may not pull in ``reference``.

    Both are absolute: paths, ``file:`` addresses or web addresses. A document in memory refers to
    nothing outside, one in a file to files, one of the web to what its own server has.
    """
    where = redact_url(document)
    what = f"{where}: the reference to {redact_url(reference)} is not followed"
    if document.startswith(MEMORY):
        raise DescriptionError(f"{what}: the document is in memory, give a file for it")
    if is_web(document):
        if not is_web(reference) or origin(reference) != origin(document):
            raise DescriptionError(
                f"{what}: a document of the web may refer to its own server only"
            )
    elif is_web(reference):
        raise DescriptionError(
            f"{what}: a document in a file may refer to files only; fetch it and refer to the file"
        )


def path_of(reference: str) -> Path:
    """Return the path of a ``file:`` address, or of what is a path already."""
    if reference.lower().startswith("file:"):
        return Path(unquote(urlsplit(reference).path))
    return Path(reference)


def refuse_redirect(url: str, target: str) -> None:
    """Raise DescriptionError unless a redirect stays at its server, or goes on to its https."""
    here, there = origin(url), origin(target)
    secured = here[:1] + here[2:] == ("http", 80) and there == ("https", here[1], 443)
    if here != there and not secured:
        raise DescriptionError(
            f"{redact_url(url)} redirects to {redact_url(target)}, another server, which is not "
            "followed: if the description is there, give that address"
        )


def refuse_addresses(host: str, addresses: Iterable[str]) -> None:
    """Raise DescriptionError where the name of a host leads into this machine or to its keeper.

    Names of the network that resolve to a loopback or link-local address (where clouds keep the
    credentials of machines) are how pages are made to read what only this machine may. An address
    that is written as one, ``localhost`` and this machine's own name are meant.
    """
    name = host.rstrip(".").lower()
    own = {"localhost", socket.gethostname().lower(), socket.getfqdn().lower()}
    if name in own or name.endswith(".localhost") or _address(host) is not None:
        return
    for text in addresses:
        address = _address(text)
        if address is not None and (
            address.is_loopback or address.is_link_local or address.is_unspecified
        ):
            raise DescriptionError(
                f"{host} leads to {text}, an address of this machine or its network alone, which "
                "no description is fetched from: write the address itself if it is meant"
            )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
