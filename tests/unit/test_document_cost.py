"""A document of two hundred operations is there before anybody waits for it."""

from __future__ import annotations

import pytest

from benchmarks.descriptions import costs

#: The bounds are 400 and 30 ms, and ``python -m benchmarks descriptions`` measures them; twice as
#: much is allowed here, where a whole test run goes on beside.
FIRST_S, AGAIN_S = 0.8, 0.06


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_large_document_is_ready_at_once(suffix: str) -> None:
    first, again = costs(suffix, rounds=2)
    assert first < FIRST_S
    assert again < AGAIN_S
