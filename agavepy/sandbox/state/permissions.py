"""The words of permissions on apps, jobs, tags and metadata, and what each of them allows."""

from __future__ import annotations

ALLOWS: dict[str, frozenset[str]] = {
    "NONE": frozenset(),
    "READ": frozenset({"READ"}),
    "WRITE": frozenset({"WRITE"}),
    "EXECUTE": frozenset({"EXECUTE"}),
    "READ_WRITE": frozenset({"READ", "WRITE"}),
    "READ_EXECUTE": frozenset({"READ", "EXECUTE"}),
    "WRITE_EXECUTE": frozenset({"WRITE", "EXECUTE"}),
    "ALL": frozenset({"READ", "WRITE", "EXECUTE"}),
}
#: The words of services that take none with EXECUTE.
WITHOUT_EXECUTE = tuple(word for word in ALLOWS if "EXECUTE" not in word)


def flags(word: str, *needs: str) -> dict[str, bool]:
    """Return what a word allows as answers have it: a flag for each of ``needs``."""
    return {need.lower(): need in ALLOWS[word] for need in needs or ("READ", "WRITE")}
