"""The lint of documents that others wrote: it tells what calls have to make up for."""

from __future__ import annotations

from pathlib import Path

import pytest

from agavepy.findings import Finding
from agavepy.lint import check
from tests.contract import corpus

DOCUMENTS = corpus.documents()


@pytest.mark.parametrize("path", DOCUMENTS, ids=corpus.label)
def test_every_document_can_be_checked_and_says_which_names_were_made(path: Path) -> None:
    document = corpus.read(path)
    found = check(path)
    assert all(isinstance(finding, Finding) and finding.advice for finding in found)
    unnamed = {
        f"{item.method.upper()} {item.path}"
        for item in corpus.operations(document)
        if not item.operation.get("operationId")
    }
    told = {f.place for f in found if f.advice.startswith("has no operationId and is called ")}
    assert told == unnamed
