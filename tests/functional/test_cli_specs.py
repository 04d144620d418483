"""``agavepy specs`` as people use it: find an operation, learn to call it, check a description."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

from agavepy import loader
from agavepy.cli.main import main
from agavepy.plan import Parameter, Plan
from tests.processes import command


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["specs", *arguments]) == code
    return capsys.readouterr().out


def plans() -> list[Plan]:
    return [plan for name in loader.services() for plan in loader.service_plan(name).values()]


def test_the_list_has_every_service_and_how_much_it_can_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [line.split(maxsplit=2) for line in printed(capsys, "list").splitlines()]
    assert [row[0] for row in rows] == list(loader.services())
    assert [int(row[1]) for row in rows] == [len(loader.service_plan(row[0])) for row in rows]
    assert all(row[2] for row in rows)


@pytest.mark.parametrize("service", loader.services())
def test_the_list_of_a_service_has_every_operation_and_what_it_does(
    service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = dict(line.split(maxsplit=1) for line in printed(capsys, "list", service).splitlines())
    known = loader.service_plan(service)
    assert sorted(rows) == sorted(f"{service}.{name}" for name in known)
    for name, plan in known.items():
        assert rows[f"{service}.{name}"].startswith(plan.summary)
        assert all(need in rows[f"{service}.{name}"].lower() for need in plan.requires)
    assert {name for name, text in rows.items() if "(deprecated" in text} == {
        plan.id for plan in known.values() if plan.deprecated
    }


@pytest.mark.parametrize("service", loader.services())
def test_a_shown_operation_tells_all_that_a_caller_needs(
    service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for plan in loader.service_plan(service).values():
        text = printed(capsys, "show", plan.id)
        flat = " ".join(text.split())
        assert flat.startswith(f"{plan.id}: {plan.summary}")
        assert f"Request: {plan.method} {plan.path}" in flat
        for parameter in plan.parameters:
            assert told(parameter) in flat, plan.id
            for value in parameter.enum:
                assert str(value) in flat
            for name, kind, required, _ in parameter.fields:
                assert f" {name} ({kind}{', required' if required else ''})" in flat, plan.id
        for name, kind, _ in plan.answer.fields:
            assert f" {name} ({kind})" in flat, plan.id
        for status, meaning in plan.statuses.items():
            assert f" {status}: {' '.join(meaning.split())}" in flat, plan.id


def told(parameter: Parameter) -> str:
    kind = f"array of {parameter.items}" if parameter.type == "array" else parameter.type
    kind = "date-time" if parameter.format == "date-time" else kind
    needed = ", required" if parameter.required and not parameter.optional else ""
    return f" {parameter.name} ({kind}{needed}): {' '.join(parameter.doc.split())}"


def test_a_default_and_the_allowed_values_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with_default = next(p for p in plans() for a in p.parameters if a.default is not None)
    text = " ".join(printed(capsys, "show", with_default.id).split())
    parameter = next(item for item in with_default.parameters if item.default is not None)
    assert f"The server's default: {parameter.default}." in text
    choosy = next(p for p in plans() for a in p.parameters if a.enum)
    parameter = next(item for item in choosy.parameters if item.enum)
    text = " ".join(printed(capsys, "show", choosy.id).split())
    assert f"One of: {', '.join(map(str, parameter.enum))}." in text


def test_a_shown_service_lists_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "show", "files")
    assert all(f"    {name} " in text for name in loader.service_plan("files"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "fils"), "'fils' (did you mean 'files'?)"),
        (("list", "fils"), "'fils' (did you mean 'files'?)"),
        (("show", "files.imprtData"), "'imprtData' (did you mean 'importData'?)"),
        (("show", "fils.list"), "'fils' (did you mean 'files'?)"),
        (("show", "importData"), "files.importData"),
        (("show", "files."), "agavepy specs list files"),
        (("list", "Q"), "there are: "),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["specs", *arguments]) == 1
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""
    assert told.err.count("\n") == 1


def test_sound_descriptions_are_said_to_be_sound() -> None:
    files = [str(loader.SPECS / f"{name}.yaml") for name in ("clients", "tenants")]
    done = command("specs", "lint", *files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{len(files)} files checked: nothing to mend\n"
    assert done.stderr == ""


def test_what_is_to_mend_is_printed_line_by_line_and_fails(tmp_path: Path) -> None:
    document = loader.document("tenants")
    (path, item), *_ = document["paths"].items()
    (method, operation), *_ = ((k, v) for k, v in item.items() if "operationId" in v)
    del operation["summary"]
    document["definitions"]["Spare"] = {"type": "object"}
    mine, torn = tmp_path / "mine.yaml", tmp_path / "torn.yaml"
    mine.write_text(yaml.safe_dump(document))
    (tmp_path / "_common.yaml").write_bytes((loader.SPECS / "_common.yaml").read_bytes())
    torn.write_text("swagger: [")
    done = command("specs", "lint", str(mine), str(torn))
    assert done.returncode == 1
    assert {line.rpartition(": ")[0] for line in done.stdout.splitlines()[:2]} == {
        f"{mine}: definitions.Spare: no operation uses it",
        f"{mine}: {method.upper()} {path}: has no summary",
    }
    (last,) = done.stdout.splitlines()[2:]
    assert last.startswith(f"{torn}: document: not YAML")
    assert done.stderr == "2 files checked: 3 to mend\n"


def test_a_file_that_is_not_there_is_named() -> None:
    done = command("specs", "lint", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr


@pytest.mark.parametrize("arguments", [["list"], ["list", "files"], ["show", "files.list"]])
def test_looking_up_loads_no_reader_of_descriptions(arguments: list[str]) -> None:
    """Plans are read as JSON; only the first run after a description was edited compiles it."""
    assert command("specs", "list").returncode == 0
    code = (
        "import sys; from agavepy.cli.main import main; "
        f"assert main(['specs', *{arguments}]) == 0; "
        "heavy = {'bravado', 'bravado_core', 'yaml', 'jsonschema', 'werkzeug', 'cryptography'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_closed_pipe_is_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "agavepy", "specs", "show", "files.importData"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert b"Traceback" not in told


def test_what_is_wrong_with_a_document_that_lies_about_is_told_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("a: 1\n")
    monkeypatch.setenv("AGAVEPY_SPECS", str(wrong))
    for arguments in (("list",), ("show", "files.list")):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            assert main(["specs", *arguments]) == 0
        assert capsys.readouterr().err.count("a description is not used: ") == 1


def test_a_fault_of_yaml_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "torn.yaml"
    file.write_text("openapi: 3.0.0\ninfo: {title: a\n")
    told = printed(capsys, "lint", str(file), code=1)
    assert "at line 3, column 1" in told
    assert "byte string" not in told
