"""Nothing that gives access is in a cassette, wherever it was; what does not, stays readable."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import yaml

from agavepy.testing.cassette import path_for
from agavepy.testing.redaction import Redaction, fits

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
SECRET = "it's: a {hard} pass\tword & more, longer than a line of YAML is wide, " * 2


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        ({"url": "https://ada:S3cret99@host.example/x"}, "S3cret99"),
        ({"Location": "https://h.example/x?a=1&access_token=S3cret99&b=2"}, "S3cret99"),
        ({"url": "https://h.example/x?X-Amz-Signature=S3cret99"}, "S3cret99"),
        ({"hook": "https://h.example/x?apikey=S3cret99"}, "S3cret99"),
        ({"value": [f"Bearer {JWT}"]}, JWT),
        (
            {"text": "-----BEGIN RSA PRIVATE KEY-----\nS3cret99\n-----END RSA PRIVATE KEY-----"},
            "S3",
        ),
        ({"text": "-----BEGIN PRIVATE KEY-----\nS3cret99"}, "S3cret99"),
        ({"postit": "0a1b2c3d4e5f", "href": "https://h.example/postits/0a1b2c3d4e5f"}, "0a1b2c"),
        ({"tokens": ["S3cret99", "S3cret98"]}, "S3cret9"),
        ({"access_token": "S3cret99", "log": "renewed: S3cret99"}, "S3cret99"),
        ({"password": "S3&cret 99", "log": f"?x={quote('S3&cret 99')}"}, "cret"),
    ],
)
def test_a_secret_is_found_by_its_name_or_its_looks(data: dict[str, object], secret: str) -> None:
    redaction = Redaction()
    redaction.learn(data)
    assert secret not in repr(redaction(data))
    assert "***" in repr(redaction(data)) or "//host.example" in repr(redaction(data))


def test_what_is_no_secret_is_left() -> None:
    data = {
        "token_type": "bearer",
        "expires_in": 14400,
        "username": "testuser",
        "url": "agave://data.store/testuser/x?limit=1&offset=2",
        "tokens": 3,
    }
    redaction = Redaction()
    redaction.learn(data)
    assert redaction(data) == data


def test_who_logs_in_is_no_secret_but_the_password_is() -> None:
    request = requests.Request("GET", "http://localhost/", auth=("testuser", "S3:cret99")).prepare()
    redaction = Redaction()
    redaction.public.add("testuser")
    redaction.learn_headers(request)
    assert redaction({"path": "testuser/x", "log": "S3:cret99"}) == {
        "path": "testuser/x",
        "log": "***",
    }
    encoded = base64.b64encode(b"testuser:S3:cret99").decode()
    assert redaction([encoded, b"\xff S3:cret99"]) == ["***", b"\xff ***"]


def test_blotted_arguments_fit_any_and_others_only_themselves() -> None:
    recorded = {"body": {"url": "https://h/x?token=***", "n": [1, {"password": "***"}]}}
    assert fits(recorded, {"body": {"url": "https://h/x?token=abc", "n": [1, {"password": "p"}]}})
    assert not fits(
        recorded, {"body": {"url": "https://g/x?token=abc", "n": [1, {"password": "p"}]}}
    )
    assert not fits(
        recorded, {"body": {"url": "https://h/x?token=abc", "n": [2, {"password": "p"}]}}
    )
    assert not fits(recorded, {"body": {"url": "https://h/x?token=abc", "n": [1, {}]}})


def test_secrets_that_yaml_would_fold_or_quote_are_blotted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_hard=f"""
        SECRET = {SECRET!r}

        def test_hard(agave, agave_cassette):
            agave_cassette.hide("hooks/T0/B0/xyz")
            value = {{"password": SECRET, "said": "<" + SECRET + ">", "to": "hooks/T0/B0/xyz"}}
            made = agave.meta.addMetadata(body={{"name": "status", "value": value}})
            assert agave.meta.getMetadata(uuid=made.uuid).name == "status"
            postit = agave.postits.create(
                body={{"url": agave.api_server + "/profiles/v2/me", "method": "GET"}}
            )
            assert agave.postits.list()
            agave.postits.delete(uuid=postit.postit)
            agave.clients.list()
            agave.token.refresh()
            print("postit", postit.postit, "token", agave.token.token_info["access_token"])
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-s", "--agave-record=once")
    result.assert_outcomes(passed=1)
    text = (pytester.path / "cassettes/test_hard/test_hard.yaml").read_text()
    line = next(line for line in result.outlines if "postit " in line).split()
    for secret in (
        line[line.index("postit") + 1],
        line[line.index("token") + 1],
        "T0/B0",
        "{hard}",
    ):
        assert secret not in text
    assert yaml.safe_load(text)["calls"][0]["arguments"]["body"]["value"]["said"] == "<***>"
    replayed = pytester.runpytest_inprocess("-p", "no:randomly")
    replayed.assert_outcomes(passed=1)


def test_each_test_has_a_cassette_of_its_own() -> None:
    module = Path("tests/test_x.py")
    names = [["A", "test"], ["B", "test"], ["test[a/b]"], ["test[a:b]"], ["test[a b]"], ["test"]]
    names += [[f"test[{'x' * 300}{end}]"] for end in "yz"]
    paths = {path_for(module, each) for each in names}
    assert len(paths) == len(names)
    assert {path.parent for path in paths} == {Path("tests/cassettes/test_x")}
    assert all(len(path.name.encode()) < 255 for path in paths)
    assert path_for(module, ["test[a-1]"]).name == "test[a-1].yaml"


def test_an_interrupted_test_leaves_no_half_of_a_cassette(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_stopped="""
        def test_stopped(agave, agave_cassette):
            agave.profiles.get()
            raise KeyboardInterrupt
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", "--agave-record=once")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert not (pytester.path / "cassettes").exists()


def test_a_place_that_takes_no_cassette_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_full="""
        def test_full(agave, agave_cassette):
            agave.profiles.get()
        """
    )
    (pytester.path / "cassettes").write_text("a file where the directory should be")
    result = pytester.runpytest_inprocess("-p", "no:randomly", "--agave-record=once")
    result.stdout.fnmatch_lines(["E *CassetteError: cannot write *test_full.yaml: *"])


def test_threads_share_a_recording(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_many="""
        from concurrent.futures import ThreadPoolExecutor

        def test_many(agave, agave_cassette):
            with ThreadPoolExecutor(8) as pool:
                users = list(pool.map(lambda _: agave.profiles.get().username, range(32)))
            assert users == ["ada"] * 32
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly", "--agave-record=once").assert_outcomes(
        passed=1
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)
