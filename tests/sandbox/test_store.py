"""Documents that were acknowledged are there afterwards, and half-done work is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agavepy.sandbox.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.sqlite")
    yield opened
    opened.close()


def test_a_document_comes_back_as_a_copy_of_its_own(store: Store) -> None:
    store.put("system", "a", {"id": "a", "tags": ["x"]})
    first = store.get("system", "a")
    assert first is not None
    first["tags"].append("y")
    assert store.get("system", "a") == {"id": "a", "tags": ["x"]}
    assert store.get("system", "b") is None
    assert store.get("app", "a") is None


def test_documents_keep_their_order_and_are_found_by_their_fields(store: Store) -> None:
    store.put("job", "2", {"id": "2", "owner": "ada", "visible": True, "end": None})
    store.put("job", "1", {"id": "1", "owner": "grace", "visible": False, "end": 5})
    store.put("job", "2", {"id": "2", "owner": "ada", "visible": False, "end": None})
    assert [job["id"] for job in store.all("job")] == ["2", "1"]
    assert [job["id"] for job in store.all("job", owner="grace")] == ["1"]
    assert [job["id"] for job in store.all("job", visible=False, end=None)] == ["2"]
    assert store.all("job", visible=True) == []


def test_a_deleted_document_is_gone(store: Store) -> None:
    store.put("app", "a", {})
    assert store.delete("app", "a") is True
    assert store.delete("app", "a") is False
    assert store.all("app") == []


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    def half_of_it() -> None:
        with store.transaction():
            store.put("app", "a", {})
            with store.transaction():
                store.put("app", "b", {})
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half_of_it()
    assert store.all("app") == []


def test_what_waits_for_a_commit_happens_after_it_and_never_after_a_failure(store: Store) -> None:
    seen: list[int] = []

    def look() -> None:
        with ThreadPoolExecutor(1) as other:  # would wait for ever within the transaction
            seen.append(len(other.submit(store.all, "app").result(5)))

    with store.transaction():
        with store.transaction():
            store.put("app", "a", {})
            store.after_commit(look)
        store.put("app", "b", {})
        assert seen == []
    assert seen == [2]

    def half_of_it() -> None:
        with store.transaction():
            store.after_commit(look)
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half_of_it()
    with store.transaction():
        store.put("app", "c", {})
    assert seen == [2]
    store.after_commit(look)
    assert seen == [2, 3]


def test_counters_never_give_a_number_twice(store: Store) -> None:
    numbers: list[int] = []

    def count() -> None:
        for _ in range(50):
            numbers.append(store.counter("local id"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 201))


def test_what_was_written_survives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    program = (
        "import sys; from pathlib import Path; from agavepy.sandbox.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "store.put('app', 'kept', {'n': 1})\n"
        "transaction = store.transaction(); transaction.__enter__()\n"
        "store.put('app', 'lost', {'n': 2})\n"
        "print('written', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
    store = Store(path)
    assert store.get("app", "kept") == {"n": 1}
    assert store.get("app", "lost") is None
    store.close()
