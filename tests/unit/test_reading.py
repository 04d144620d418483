"""Documents of anybody: what they may cost, and that they are nothing but data."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agavepy.errors import DescriptionError
from agavepy.reading import MOST_BYTES, MOST_LEVELS, parse, read_document


def laughs(levels: int, opened: str = "[{0}]", first: str = "[x]") -> str:
    """Return a document whose last key holds 10 ** levels parts, by aliases of aliases."""
    rows = [f"a0: &a0 {first}"]
    for level in range(1, levels + 1):
        inner = ", ".join([f"*a{level - 1}"] * 10)
        rows.append(f"a{level}: &a{level} {opened.format(inner)}")
    return "\n".join(rows)


BOMBS = {
    "aliases of aliases": (laughs(9), "once its aliases are written out"),
    "a part within itself": ("a: &a [*a]", "holds itself"),
    "a merge of itself": ("a: &a {<<: *a}", "not YAML or JSON"),
    "nested lists": ("[" * 100_000, "nest"),
    "nested JSON": ('{"a":' * 100_000, "nested too deeply"),
    "nested blocks": ("- " * 3_000 + "x", "nest"),
    "more levels than a description has": (
        "[" * (MOST_LEVELS + 1) + "]" * (MOST_LEVELS + 1),
        f"more than {MOST_LEVELS} levels",
    ),
    "a long number": ("a: " + "9" * 100_000, "not YAML or JSON"),
}


@pytest.mark.parametrize(("text", "said"), BOMBS.values(), ids=BOMBS.keys())
def test_a_small_document_that_grows_without_end_is_refused_within_a_second(
    text: str, said: str
) -> None:
    start = time.process_time()
    with pytest.raises(DescriptionError, match=said) as caught:
        parse(text.encode(), "bomb.yaml")
    assert time.process_time() - start < 1
    assert str(caught.value).startswith("bomb.yaml: ")


def test_merge_keys_that_multiply_cost_no_more_than_a_second() -> None:
    start = time.process_time()
    document: Any = None
    with suppress(DescriptionError):  # PyYAML merges each key once since 6.0.4, which is no bomb
        document = parse(laughs(9, "{{<<: [{0}]}}", "{x: 1}").encode(), "bomb.yaml")
    assert document is None or document["a9"] == {"x": 1}
    assert time.process_time() - start < 1


def test_aliases_that_save_writing_are_no_bomb() -> None:
    text = "common: &common {type: string}\nfields:\n"
    text += "".join(f"  f{n}: *common\n" for n in range(1000))
    assert len(parse(text.encode(), "x")["fields"]) == 1000


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system [touch made]",
        "!!python/name:os.system",
        "!!timestamp 2020-01-01",
        "!!binary aGVsbG8=",
        "!!set {a}",
        "!mine {a: 1}",
    ],
)
def test_no_tag_makes_an_object(tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DescriptionError, match="could not determine a constructor"):
        parse(f"a: {tag}".encode(), "x")
    assert not (tmp_path / "made").exists()


def test_values_are_those_of_json_and_not_what_older_yaml_makes_of_them() -> None:
    text = """
    text: [2020-01-01, yes, off, 12:30, 010, 1.2.3, 0o7, .inf]
    numbers: [0, -7, 1.5, 1e3, .5, 0x1F]
    others: [true, False, null, ~]
    200: a key that is a number
    """
    document = parse(text.encode(), "x")
    texts = ["2020-01-01", "yes", "off", "12:30", "010", "1.2.3", "0o7", ".inf"]
    assert document["text"] == texts
    assert document["numbers"] == [0, -7, 1.5, 1000.0, 0.5, 31]
    assert document["others"] == [True, False, None, None]
    assert 200 in document


def test_json_is_read_as_json_and_its_faults_are_told_by_line() -> None:
    assert parse(b' {"a": "\\ud83d\\ude00", "b": [1e2]}', "x") == {"a": "😀", "b": [100.0]}
    assert parse(b"{a: 1}", "x") == {"a": 1}, "YAML may begin like JSON"
    with pytest.raises(DescriptionError, match="line 2"):
        parse(b'{"a": 1,\n "b": ]}', "x")


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero"), tmp_path):
        with pytest.raises(DescriptionError, match="is no file that holds a description"):
            read_document(path)
    with pytest.raises(DescriptionError, match="No such file"):
        read_document(tmp_path / "absent.yaml")


def test_a_document_larger_than_any_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(DescriptionError, match="larger than 20 MiB"):
        read_document(path)
