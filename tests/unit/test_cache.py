"""Cached logins in every form that earlier programs wrote, and what writing does to them."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agavepy.auth import files
from agavepy.auth.cache import Cache, Identity
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.tokens import Pair

SERVER = "https://tenant.example.org"
ADA = Identity(SERVER, "key", "ada")
NEW = Pair("new-access", "new-refresh", 1_600_000_000.0, 14400.0)

#: As agave-cli's ``kvset`` leaves it: one line, all text.
BASH = {
    "tenantid": "demo", "baseurl": SERVER, "devurl": "https://dev", "apisecret": "secret",
    "apikey": "key", "username": "ada", "access_token": "old", "refresh_token": "old-refresh",
    "created_at": "1588343141", "expires_in": "14400", "expires_at": time.ctime(1588357541),
}  # fmt: skip
AGPY = {
    "username": "ada", "api_server": SERVER + "/", "tenant_id": "demo", "client_name": "laptop",
    "api_key": "key", "api_secret": "secret", "token": "old", "refresh_token": "old-refresh",
    "expires_in": 14400, "expires_at": time.ctime(1588357541), "created_at": 1588343141,
    "use_nonce": False, "verify": True, "proxies": {},
}  # fmt: skip
OTHER = {**BASH, "apikey": "other-key", "username": "grace", "client_name": "office"}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    (tmp_path / "agave").mkdir(mode=0o700)
    return Cache(tmp_path / "agave", tmp_path)


def put(path: Path, document: Any) -> None:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(0o600)


def get(path: Path) -> Any:
    return json.loads(path.read_text())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("current", BASH),
        ("current", [BASH, OTHER]),
        ("current", AGPY),
        ("config.json", {"current": {"laptop": BASH}, "sessions": {}}),
        ("config.json", {"current": BASH}),
        ("../.agpy", [AGPY, OTHER]),
        ("../.agpy", AGPY),
    ],
)
def test_a_login_of_any_earlier_program_is_found(cache: Cache, name: str, document: Any) -> None:
    put(cache.directory / name, document)
    found = cache.find()
    assert found is not None
    assert {k: found.keywords[k] for k in ("username", "api_key", "api_secret", "token")} == {
        "username": "ada", "api_key": "key", "api_secret": "secret", "token": "old",
    }  # fmt: skip
    pair = cache.pair(ADA)
    assert pair is not None
    assert pair.expires_at == 1588357541


def test_a_session_knows_what_only_the_structure_of_the_file_says(cache: Cache) -> None:
    bare = {k: v for k, v in BASH.items() if k not in ("tenantid", "username")}
    put(cache.config, {"sessions": {"demo": {"ada": {"laptop": bare}}}})
    assert cache.find() is None, "a session is not the current login"
    for selector in ({"client_name": "laptop"}, {"tenant_id": "demo"}, {"username": "ada"}):
        found = cache.find(**selector)
        assert found is not None
        assert found.keywords["client_name"] == "laptop"


def test_selectors_must_all_match(cache: Cache) -> None:
    put(cache.current, [BASH, OTHER])
    found = cache.find(username="grace", tenant_id="demo")
    assert found is not None
    assert found.keywords["api_key"] == "other-key"
    assert cache.find(username="grace", api_key="key") is None
    assert cache.find(username="ada", api_server="https://elsewhere") is None
    assert cache.find(username="ada", api_server=SERVER + ":443/") is not None


@pytest.mark.parametrize("document", ["", "{", '{"apikey": "k', "\0\0\0", "\xff\xfe"])
def test_a_torn_file_counts_as_absent_and_is_said_to(cache: Cache, document: str) -> None:
    put(cache.current, document)
    put(cache.config, {"current": {"laptop": BASH}})
    with pytest.warns(UserWarning, match="current is torn or no JSON"):
        found = cache.find()
    assert found is not None
    assert found.path == cache.config


@pytest.mark.parametrize("document", ["[]", "{}", "null", "7", '"text"', '{"a": {"b": 1}}', "[1]"])
def test_a_foreign_file_is_not_a_login_and_no_error(cache: Cache, document: str) -> None:
    put(cache.current, document)
    put(cache.config, document)
    assert cache.find() is None
    cache.update(ADA, NEW)
    assert cache.current.read_text() == document


def test_a_new_pair_lands_in_every_copy_of_the_login_and_in_no_other(cache: Cache) -> None:
    put(cache.current, [BASH, OTHER])
    put(cache.config, {"current": {"x": OTHER}, "sessions": {"demo": {"ada": {"laptop": BASH}}}})
    put(cache.agpy[0], [AGPY, OTHER])
    cache.update(ADA, NEW)
    fields = {"access_token": "new-access", "refresh_token": "new-refresh", "expires_in": "14400",
              "created_at": "1600000000", "expires_at": time.ctime(1600014400)}  # fmt: skip
    assert get(cache.current) == [{**BASH, **fields}, OTHER]
    assert get(cache.config) == {
        "current": {"x": OTHER},
        "sessions": {"demo": {"ada": {"laptop": {**BASH, **fields}}}},
    }
    assert get(cache.agpy[0]) == [
        {**AGPY, "token": "new-access", "refresh_token": "new-refresh", "created_at": 1600000000,
         "expires_in": 14400, "expires_at": time.ctime(1600014400)},
        OTHER,
    ]  # fmt: skip


def test_keys_that_nobody_knows_survive_and_both_spellings_stay_equal(cache: Cache) -> None:
    put(cache.current, {**BASH, **AGPY, "note": ["mine"]})
    cache.update(ADA, NEW)
    record = get(cache.current)
    assert (record["note"], record["devurl"]) == (["mine"], "https://dev")
    assert record["token"] == record["access_token"] == "new-access"
    assert (record["created_at"], record["apikey"], record["api_key"]) == (1600000000, "key", "key")


def test_the_pair_of_another_user_of_the_same_client_is_left_alone(cache: Cache) -> None:
    put(cache.current, {**BASH, "username": "grace"})
    assert cache.pair(ADA) is None
    impersonated = Identity(SERVER, "key", "grace", token_username="ada")
    assert cache.pair(impersonated) is None
    cache.update(ADA, NEW)
    assert get(cache.current)["access_token"] == "old"


LOGIN = {
    "api_server": SERVER, "tenant_id": "demo", "client_name": "new", "username": "ada",
    "api_key": "new-key", "api_secret": "new-secret",
}  # fmt: skip


def test_a_login_becomes_current_and_the_one_before_it_a_session(cache: Cache) -> None:
    put(cache.current, BASH)
    put(cache.config, {"current": {"office": OTHER}, "sessions": {}, "note": 1})
    cache.log_in(LOGIN, NEW)
    found = cache.find()
    assert found is not None
    assert (found.path, found.keywords["api_key"]) == (cache.current, "new-key")
    document = get(cache.config)
    assert document["note"] == 1
    assert document["current"]["new"]["access_token"] == "new-access"
    assert document["sessions"]["demo"]["ada"]["key"] == BASH
    assert document["sessions"]["demo"]["grace"]["office"] == OTHER
    assert cache.find(api_key="key") is not None


def test_what_the_bash_tools_read_is_written_as_they_read_it(cache: Cache) -> None:
    cache.log_in(LOGIN, NEW)
    record = get(cache.current)
    assert set(BASH) <= set(record)
    assert all(isinstance(value, str) for value in record.values())
    assert "\n" not in cache.current.read_text()


def test_a_second_login_through_the_same_client_keeps_its_record(cache: Cache) -> None:
    put(cache.current, {**BASH, "note": 1})
    cache.log_in({**LOGIN, "api_key": "key", "api_secret": "secret"}, NEW)
    record = get(cache.current)
    assert (record["note"], record["devurl"]) == (1, "https://dev")
    assert record["access_token"] == "new-access"
    assert get(cache.config)["sessions"] == {}


def test_a_login_goes_to_the_front_of_an_array_of_logins(cache: Cache) -> None:
    put(cache.current, [BASH, OTHER])
    cache.log_in(LOGIN, NEW)
    assert [record["apikey"] for record in get(cache.current)] == ["new-key", "key", "other-key"]


@pytest.mark.parametrize("content", ["{torn", '"some text"', '{"theirs": {"x": 1}}'])
def test_a_login_keeps_what_it_cannot_understand_under_another_name(
    cache: Cache, content: str, recwarn: pytest.WarningsRecorder
) -> None:
    put(cache.current, content)
    cache.log_in(LOGIN, NEW)
    cache.log_in({**LOGIN, "api_key": "third"}, NEW)
    assert get(cache.current)["apikey"] == "third"
    assert [path.read_text() for path in cache.directory.glob("current.*.bak")] == [content]
    assert all("torn" in str(warning.message) for warning in recwarn)


def run(program: str, *arguments: object) -> str:
    """Run a program in a process of its own: what it does to itself must not touch the others."""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


UMASK = """
import os, sys
from pathlib import Path
from agavepy.auth.cache import Cache
from agavepy.auth.tokens import Pair
home = Path(sys.argv[1])
os.umask(int(sys.argv[2], 8))
login = {"api_server": "https://h", "api_key": "k", "api_secret": "s"}
Cache(home / "new", home).log_in(login, Pair("a", "r"))
"""


@pytest.mark.parametrize("umask", ["000", "022", "777"])
def test_credentials_are_for_their_owner_whatever_the_umask(tmp_path: Path, umask: str) -> None:
    run(UMASK, tmp_path, umask)
    assert mode(tmp_path / "new") == 0o700
    assert [mode(path) for path in (tmp_path / "new").iterdir()] == [0o600] * 2


def test_a_file_that_others_may_read_is_tightened_when_it_is_used(cache: Cache) -> None:
    put(cache.current, BASH)
    cache.current.chmod(0o644)
    assert cache.find() is not None
    assert mode(cache.current) == 0o600


def test_a_linked_file_stays_a_link(cache: Cache, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles-current"
    put(real, BASH)
    cache.current.symlink_to(real)
    cache.update(ADA, NEW)
    assert cache.current.is_symlink()
    assert get(real)["access_token"] == "new-access"


def test_a_write_that_fails_leaves_the_old_file_whole_and_no_rest(cache: Cache) -> None:
    put(cache.current, BASH)
    with pytest.raises(TypeError):
        files.write(cache.current, {"a": object()})
    assert get(cache.current) == BASH
    assert [path.name for path in cache.directory.iterdir()] == ["current"]


PROGRAM = """
import sys
from pathlib import Path
from agavepy.auth.cache import Cache, Identity
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.tokens import Pair
home, key, server = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
cache = Cache(home / "agave", home)
login = CachedLogin(cache, Identity(server, key, "ada"), dict)
print("ready", flush=True)
for number in range(int(sys.argv[4])):
    with login.hold():
        pair = login.load()
        assert pair.access == (f"{key}-{number - 1}" if number else "old"), pair
        login.save(Pair(f"{key}-{number}", "r", 1600000000.0 + number, 10.0))
"""


def start(home: Path, key: str, writes: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", PROGRAM, str(home), key, SERVER, str(writes)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_four_processes_that_write_one_file_lose_nothing(cache: Cache) -> None:
    keys = [f"key{number}" for number in range(4)]
    put(cache.current, [{**BASH, "apikey": key} for key in keys])
    processes = [start(cache.directory.parent, key, 25) for key in keys]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    assert [record["access_token"] for record in get(cache.current)] == [f"{k}-24" for k in keys]


def test_a_process_killed_while_it_writes_leaves_a_whole_file_and_no_lock(cache: Cache) -> None:
    put(cache.current, {**BASH, "apikey": "key0"})
    with start(cache.directory.parent, "key0", 1_000_000) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen: set[str] = set()
        deadline = time.monotonic() + 20
        while len(seen) < 20 and time.monotonic() < deadline:
            seen.add(get(cache.current)["access_token"])  # whole at every moment
        process.kill()
    assert len(seen) == 20
    last = get(cache.current)
    login = CachedLogin(cache, Identity(SERVER, "key0", "ada"), dict)
    begun = time.monotonic()
    with login.hold():
        login.save(NEW)
    assert time.monotonic() - begun < 5
    assert last["access_token"].startswith("key0-")
    assert get(cache.current)["access_token"] == "new-access"


FULL = """
import resource, sys
from pathlib import Path
from agavepy.auth.cache import Cache, Identity
from agavepy.auth.keeper import CachedLogin
from agavepy.auth.tokens import Pair
home = Path(sys.argv[1])
login = CachedLogin(Cache(home / "agave", home), Identity(sys.argv[2], "key", "ada"), dict)
with login.hold():
    assert login.load() is not None
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))  # as a disk with 8 bytes left
    login.save(Pair("a1", "r1", 1600000000.0, 10.0))
    login.save(Pair("a2", "r2", 1600000000.0, 10.0))
assert login.load() is None, "the pair on the disk is used up"
"""


def test_a_full_disk_costs_one_warning_and_the_old_file_stays_whole(cache: Cache) -> None:
    put(cache.current, BASH)
    said = run(FULL, cache.directory.parent, SERVER)
    assert said.count("UserWarning") == said.count("kept in memory only") == 1
    assert get(cache.current) == BASH
    assert sorted(path.name for path in cache.directory.iterdir()) in (
        ["current"], ["current", "current.lock"],
    )  # fmt: skip


def test_a_directory_that_cannot_be_made_costs_one_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "agave", tmp_path)
    login = CachedLogin(cache, ADA, lambda: LOGIN)
    login.logged_in = True
    with pytest.warns(UserWarning, match="cannot lock .*Not a directory"):
        login.save(NEW)
    login.logged_in = True
    login.save(NEW)  # and no second warning


def test_a_login_that_is_not_cached_is_not_put_there_by_a_renewal(tmp_path: Path) -> None:
    login = CachedLogin(Cache(tmp_path / "agave", tmp_path), ADA, dict)
    with login.hold():
        assert login.load() is None
        login.save(NEW)
    assert not (tmp_path / "agave").exists()
