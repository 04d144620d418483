"""Cached logins: ``current``, ``config.json`` and ``.agpy``, in every form that releases wrote.

A login is a *record*, a JSON object in one of two spellings (see ``agavepy.config``). ``current``
holds one (some old agavepy: an array), ``.agpy`` a list, and ``config.json`` one under ``current``,
bare or by client name, and others under ``sessions``, by tenant, user and client name (agavepy 0.9
and 1.0, agave-cli).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agavepy import config
from agavepy.auth import files
from agavepy.auth.tokens import Pair

Record = dict[str, Any]


class Identity(NamedTuple):
    """What makes two records the same login: a user, by an OAuth client if any, of a tenant."""

    api_server: str
    api_key: str
    username: str = ""
    token_username: str = ""

    @classmethod
    def of(cls, login: Mapping[str, Any]) -> Identity:
        """Return the identity of client keywords, which hold a server and a key."""
        names = ("api_server", "api_key", "username", "token_username")
        return cls(*(str(login.get(name) or "") for name in names))

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Tell whether client keywords are of this login.

        An unknown user matches every user of the same OAuth client; without a client it is by the
        user that logins differ.
        """
        if self.api_key:
            same_user = not self.username or record.get("username", self.username) == self.username
        else:
            same_user = (record.get("username") or "") == self.username
        return (
            same_user
            and (record.get("api_key") or "") == self.api_key
            and (record.get("token_username") or "") == self.token_username
            and config.same_server(str(record.get("api_server", "")), self.api_server)
        )


class Found(NamedTuple):
    """A record in a file: ``keywords`` for a client, and the object itself inside the document."""

    path: Path
    keywords: dict[str, Any]
    record: Record
    is_current: bool

    @property
    def usable(self) -> bool:
        """Whether a client can be made of it: it has a server, and a token or an OAuth client."""
        have = self.keywords
        server = have.get("api_server", "")
        return config.same_server(server, server) and bool(
            have.get("token") or (have.get("api_key") and have.get("api_secret"))
        )

    def __repr__(self) -> str:
        """Name the file, and no secret of what it holds."""
        return f"<Found in {self.path}>"


class Cache:
    """The cached logins in a credentials directory and in the ``.agpy`` files beside it.

    Nothing is read before a method is called. Reading raises no error for what is absent, torn or
    foreign; writing raises OSError.
    """

    def __init__(self, directory: Path, home: Path | None) -> None:
        self.directory = directory
        self.current = directory / "current"
        self.config = directory / "config.json"
        shared = (Path(folder) / ".agpy" for folder in ("/etc", "/root", "/"))
        self.agpy = tuple(dict.fromkeys((home / ".agpy", *shared))) if home else ()

    @classmethod
    def of(
        cls, environ: Mapping[str, str], flavour: str = "agave", directory: Path | None = None
    ) -> Cache:
        """Return the cache in ``directory``, else in the one that environment variables point at.

        Logins of v3 tenants are in a directory within it: programs that know v2 only would take
        them for theirs.
        """
        directory = directory or config.credentials_directory(environ)
        if flavour == config.TAPIS3:
            return cls(directory / flavour, None)
        return cls(directory, config.home_directory(environ))

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files in the order in which they are looked in."""
        return (self.current, self.config, *self.agpy)

    def records(self) -> Iterator[Found]:
        """Yield every record, the current one of each file first."""
        for path in self.paths:
            yield from self._records(path, self._read(path))

    def find(self, **selectors: Any) -> Found | None:
        """Return the first usable record with the given keywords; without any, the current one.

        Keywords that are None do not count; ``api_server`` may be in any spelling.
        """
        wanted = {key: value for key, value in selectors.items() if value is not None}
        named = {key: value for key, value in wanted.items() if key != "api_server"}
        server = wanted.get("api_server")
        for found in self.records():
            have = found.keywords
            if (
                found.usable
                and (named or found.is_current)
                and all(have.get(key) == value for key, value in named.items())
                and (server is None or config.same_server(have["api_server"], server))
            ):
                return found
        return None

    def pair(self, identity: Identity) -> Pair | None:
        """Return the latest token pair that is kept of a login, None when it is not kept."""
        best: Pair | None = None
        for found in self.records():
            if identity.matches(found.keywords):
                pair = Pair.from_record(found.keywords)
                if pair and (best is None or (pair.created_at or 0) > (best.created_at or 0)):
                    best = pair
        return best

    def update(self, identity: Identity, pair: Pair) -> None:
        """Put a new pair into every record of a login; records of others stay as they are."""
        for path in self.paths:
            document = self._read(path)
            changed = False
            for found in self._records(path, document):
                if identity.matches(found.keywords):
                    _put_pair(found.record, pair)
                    changed = True
            if changed:
                self._write(path, document)

    def remove(self, identity: Identity) -> list[Path]:
        """Take a login out of every file, one that is empty then too; return those that changed."""
        changed = []
        for path in self.paths:
            document = self._read(path)
            gone = {
                id(found.record)
                for found in self._records(path, document)
                if identity.matches(found.keywords)
            }
            if gone:
                left = None if id(document) in gone else _without(document, gone)
                if left:
                    self._write(path, left)
                else:
                    path.resolve().unlink()
                changed.append(path)
        return changed

    def log_in(
        self, login: Mapping[str, Any], pair: Pair, known: Mapping[str, Any] | None = None
    ) -> None:
        """Make a login the current one, in ``current`` and ``config.json``.

        ``login`` is client keywords, ``known`` a record of it, of which other keys are kept. The
        login that was current goes to the sessions of ``config.json``; a file that is none of ours
        is kept under another name.
        """
        identity = Identity.of(login)
        self.update(identity, pair)
        kept = {key: value for key, value in (known or {}).items() if key not in config.BASH_KEYS}
        record = {**kept, **_new_record(login, pair)}
        self._log_in_config(identity, record)
        document = self._read(self.current)
        for found in self._records(self.current, document):
            if identity.matches(found.keywords):
                missing = {key: record[key] for key in record if not found.record.get(key)}
                found.record.update(missing)
                record = found.record
                break
        if isinstance(document, list):
            self._write(self.current, [record, *(item for item in document if item is not record)])
            return
        if not _is_record(document):
            files.set_aside(self.current)
        self._write(self.current, record)

    def _log_in_config(self, identity: Identity, record: Record) -> None:
        document = self._read(self.config)
        if not isinstance(document, dict):
            files.set_aside(self.config)
            document = {"current": {}}
        sessions = document.setdefault("sessions", {})
        if not isinstance(sessions, dict):
            files.set_aside(self.config)
            sessions = document["sessions"] = {}
        before = [found for found in self._records(self.config, document) if found.is_current]
        for found in (*before, *self._records(self.current, self._read(self.current))):
            if not identity.matches(found.keywords):
                have = found.keywords
                tenant = sessions.setdefault(_tenant(have), {})
                if isinstance(tenant, dict):
                    user = tenant.setdefault(have.get("username") or "", {})
                    if isinstance(user, dict):
                        user[_name(have)] = found.record
        current = {_name(config.keywords(record)): copy.deepcopy(record)}
        self._write(self.config, {**document, "current": current})

    def _read(self, path: Path) -> Any:
        # Files that administrators share, such as /etc/.agpy, keep their rights.
        return files.read(path, shared=path in self.agpy[1:])

    def _write(self, path: Path, document: Any) -> None:
        files.write(path, document, indent=4 if path == self.config else None)

    def _records(self, path: Path, document: Any) -> Iterator[Found]:
        if path == self.config:
            if isinstance(document, dict):
                yield from _config_records(path, document)
            return
        items = document if isinstance(document, list) else [document]
        first = True
        for item in items:
            if _is_record(item):
                yield Found(path, config.keywords(item), item, is_current=first)
                first = False


def _config_records(path: Path, document: Record) -> Iterator[Found]:
    """Yield the records of ``config.json``; names that only its structure has are filled in."""
    current = document.get("current")
    if isinstance(current, dict) and _is_record(current):
        yield Found(path, config.keywords(current), current, is_current=True)
    elif isinstance(current, dict):
        for name, item in current.items():
            if _is_record(item):
                named = {} if name in config.NOTHING else {"client_name": name}
                keywords = {**named, **config.keywords(item)}
                yield Found(path, keywords, item, is_current=True)
    for tenant, users in _items(document.get("sessions")):
        for user, clients in _items(users):
            for name, item in _items(clients):
                if _is_record(item):
                    have = config.keywords(item)
                    names = {"tenant_id": tenant, "username": user, "client_name": name}
                    if tenant == _tenant({**have, "tenant_id": ""}):
                        del names["tenant_id"]  # a host stands there where the code is not known
                    named = {k: value for k, value in names.items() if value not in config.NOTHING}
                    yield Found(path, {**named, **have}, item, is_current=False)


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _without(value: Any, gone: set[int]) -> Any:
    """Return a document without some objects in it, and without what is empty for that."""
    if isinstance(value, dict):
        pairs = [(key, _without(item, gone)) for key, item in value.items() if id(item) not in gone]
        return {key: item for key, item in pairs if item or not value[key]}
    if isinstance(value, list):
        return [_without(item, gone) for item in value if id(item) not in gone]
    return value


def _is_record(item: Any) -> bool:
    """Tell a record from an object of another kind, such as one that holds records by name."""
    return isinstance(item, dict) and any(
        isinstance(item.get(name), str)
        for key in ("api_server", "api_key", "token")
        for name in (key, config.BASH_KEYS[key])
    )


def _tenant(keywords: Mapping[str, Any]) -> str:
    """Return the tenant's code, or its host where the code is not known."""
    return str(keywords.get("tenant_id") or config.origin(str(keywords.get("api_server", "")))[1])


def _name(keywords: Mapping[str, Any]) -> str:
    return str(keywords.get("client_name") or keywords.get("api_key") or "")


def _new_record(login: Mapping[str, Any], pair: Pair) -> Record:
    """Return a record as the bash tools write it, all text, with the keys that agavepy added."""
    record: Record = {
        "tenantid": login.get("tenant_id") or "",
        "baseurl": login["api_server"],
        "devurl": "",
        "apisecret": login.get("api_secret") or "",
        "apikey": login.get("api_key") or "",
        "username": login.get("username") or "",
        "access_token": "",
        "refresh_token": "",
        "created_at": "",
        "expires_in": "",
        "expires_at": "",
        "client_name": login.get("client_name") or "",
    }
    if login.get("token_username"):
        record["token_username"] = login["token_username"]
    _put_pair(record, pair)
    return record


def _put_pair(record: Record, pair: Pair) -> None:
    """Set the fields of a pair in the spelling and the types that a record has."""
    values: Record = {"token": pair.access, "refresh_token": pair.refresh, **pair.times()}
    for key, value in values.items():
        spellings = [name for name in (key, config.BASH_KEYS.get(key)) if name in record]
        for name in spellings or [key]:
            before = record.get(name)
            if isinstance(before, str):
                record[name] = "" if value is None else str(value)
            elif key == "expires_at" and isinstance(before, int | float):
                record[name] = None if pair.expires_at is None else int(pair.expires_at)
            else:
                record[name] = value
