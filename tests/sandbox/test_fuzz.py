"""Requests that nobody wrote: schemathesis makes them up from the documents and reads the answers.

No request may hang or be answered 500, every status is described, and every answer has the schema
and the content type that its description says.
"""

from __future__ import annotations

import pytest

from agavepy import loader
from agavepy.sandbox import Sandbox
from tests.sandbox.fuzz_cases import Fuzz
from tests.sandbox.fuzz_seeds import plant

#: How often each user asks each operation with good data, and how often with bad data.
EXAMPLES = 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("document", "jobs"),
    [*((name, "classic") for name in (*loader.services(), "_sandbox", "_page")), ("jobs", "aloe")],
)
def test_whatever_is_asked_is_answered_as_described(document: str, jobs: str) -> None:
    with Sandbox(jobs=jobs) as sandbox:
        sandbox.control.seed_ids(7)
        fuzz = Fuzz(sandbox, plant(sandbox), ("ada", "admin"))
        fuzz.document(document, EXAMPLES)
    described = {plan.id for plan in loader.load(loader.SPECS / f"{document}.yaml").values()}
    assert {operation for operation, _ in fuzz.asked} == described
    assert any(status < 300 for _, status in fuzz.asked)
    assert not fuzz.findings, fuzz.report()
