"""The formats that the transforms service knows (science-apis agave-transforms).

The service is deprecated and a tenant's catalogue is its own; this one is small and fixed.
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError

RAW = "raw"
Transform = dict[str, Any]


def _transform(
    name: str, description: str, url: str, tags: tuple[str, ...], encodes: bool, *decoders: str
) -> Transform:
    encoder = {"name": f"{name}-encoder", "description": f"Raw to {name}"}
    return {
        "id": name,
        "name": name,
        "description": description,
        "descriptionurl": url,
        "tags": list(tags),
        "enabled": True,
        "encoder": encoder if encodes else None,
        "decoders": [{"name": to, "description": f"{name} to {to}"} for to in decoders],
    }


_CATALOGUE = (
    _transform("raw-0", "Files as they are", "", ("raw",), False),
    _transform(
        "fasta-0",
        "Nucleotide or peptide sequences as text",
        "https://www.ncbi.nlm.nih.gov/genbank/fastaformat/",
        ("sequence", "bioinformatics"),
        True,
        "raw-0",
    ),
    _transform(
        "bed-0",
        "Annotations of a genome, a line for each",
        "https://genome.ucsc.edu/FAQ/FAQformat.html",
        ("annotation", "bioinformatics"),
        True,
        "raw-0",
        "gff-0",
    ),
    _transform(
        "gff-0",
        "General feature format of a genome's annotations",
        "https://genome.ucsc.edu/FAQ/FAQformat.html",
        ("annotation", "bioinformatics"),
        True,
        "raw-0",
    ),
)


def listing(tag: str = "") -> list[Transform]:
    """Return the transforms of which a tag holds a text, in any case; all for an empty one."""
    return [
        dict(item)
        for item in _CATALOGUE
        if not tag or any(tag.lower() in word.lower() for word in item["tags"])
    ]


def find(transform_id: str) -> Transform:
    """Return a transform; ApiError 404 for an unknown one."""
    for item in _CATALOGUE:
        if item["id"].lower() == transform_id.lower():
            return dict(item)
    raise ApiError(404, f"No transform found matching {transform_id}")


def is_needed(transform: Transform, native_format: str) -> bool:
    """Return whether a file of a format (``fasta-0``, ``fasta``) has to be converted."""
    return _kind(native_format or RAW) != _kind(transform["id"])


def _kind(name: str) -> str:
    """Return a format without its version."""
    return name.lower().rpartition("-")[0] or name.lower()
