"""For code inside an execution of an actor: its message, its client, its state, its results.

Abaco hands an execution over in variables (``MSG``, ``_abaco_…``) and two fixed paths; where there
is no container, as in the sandbox, two more variables say where those are.
"""

from __future__ import annotations

import ast
import getpass
import json
import os
import pickle
import select
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agavepy.errors import AgaveError, CredentialsError
from agavepy.extras import cloudpickle
from agavepy.result import AttrDict

if TYPE_CHECKING:
    from agavepy.client import Agave

_SERVER, _TOKEN, _ACTOR = "_abaco_api_server", "_abaco_access_token", "_abaco_actor_id"
#: The variable that each key of the context comes from, the first of several that is set (abaco
#: ``worker.py``; earlier releases expected ``_abaco_Content-Type``, which no Abaco ever set).
_VARIABLES = {
    "raw_message": ("MSG",),
    "content_type": ("_abaco_Content_Type", "_abaco_Content-Type"),
    "execution_id": ("_abaco_execution_id",),
    "username": ("_abaco_username",),
    "state": ("_abaco_actor_state",),
    "actor_dbid": ("_abaco_actor_dbid",),
    "actor_id": (_ACTOR,),
    "actor_repo": ("_abaco_container_repo",),
    "actor_name": ("_abaco_actor_name",),
    "worker_id": ("_abaco_worker_id",),
}
#: Others that Abaco sets.
_MORE = (_SERVER, _TOKEN, "_abaco_actor_revision", "_abaco_jwt_header_name", "_actor_configs")
#: Where the two are in a container, and the variables that say otherwise.
_BINARY = ("_abaco_binary_data", "/_abaco_binary_data")
_RESULTS = ("_abaco_results_socket", "/_abaco_results.sock")
#: Bytes of a result that Abaco keeps (abaco ``max_result_frame_length``, as it is configured).
MAX_RESULT = 131072
#: How long a pipe must be silent, in milliseconds, for its message to be over: Abaco keeps it open.
_SILENCE_MS = 200
#: Images for executors of notebooks, by the host of their tenant.
_NOTEBOOK_IMAGES = {"agave.designsafe-ci.org": "taccsciapps/jupyteruser-ds-abaco:1.2.14"}


def reserved_environment_vars() -> list[str]:
    """Return the names of the variables that Abaco sets, so that a message cannot."""
    names = [name for names in _VARIABLES.values() for name in names]
    return [*names, *_MORE, _BINARY[0], _RESULTS[0]]


def get_context() -> AttrDict:
    """Return what this execution was started with, as an attribute dict.

    ``raw_message`` is the message as text; ``message_dict`` the same as a dict, where it is one as
    Python or JSON writes it, else empty; ``raw_message_parse_log`` a list of why it is none. The
    others are ``content_type``, ``execution_id``, ``username`` (of the sender), ``state`` (text),
    ``actor_id``, ``actor_dbid``, ``actor_name``, ``actor_repo`` (its image) and ``worker_id``; each
    is None when it is not known. All variables are there too, by their own names; none of
    them, which a sender may choose, passes for one of the above.
    """
    environ = os.environ
    found = {
        key: next((environ[name] for name in names if name in environ), None)
        for key, names in _VARIABLES.items()
    }
    message, log = _parsed(found["raw_message"])
    known = {key: value for key, value in found.items() if value is not None}
    parsed = {"message_dict": message, "raw_message_parse_log": log}
    return AttrDict({**found, **environ, **known, **parsed})


def _parsed(text: str | None) -> tuple[AttrDict, list[str]]:
    """Return the dict that a message is, and why it is not one."""
    if text is None:
        return AttrDict(), ["there is no message: MSG is not set"]
    log = []
    for parse in (ast.literal_eval, json.loads):
        try:
            value = parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            log.append(f"{type(error).__name__}: {error}")
        else:
            return (_attributes(value), log) if isinstance(value, dict) else (AttrDict(), log)
    return AttrDict(), log


def _attributes(value: Any) -> Any:
    """Return a value with the dicts in it, at any depth, as attribute dicts."""
    if isinstance(value, dict):
        return AttrDict({key: _attributes(item) for key, item in value.items()})
    return [_attributes(item) for item in value] if isinstance(value, list) else value


def get_client() -> Agave:
    """Return a client of the actor's owner, good until the execution ends.

    Outside of Abaco it is the cached login (see ``Agave.restore``); with the address of an Abaco
    but no token it carries a JWT that only development servers accept. Raises CredentialsError.
    """
    from agavepy.client import Agave

    server = os.environ.get(_SERVER)
    token = os.environ.get(_TOKEN)
    if server and token:
        return Agave(api_server=server, token=token)
    if server:
        return Agave(api_server=server, jwt="123", jwt_header_name="X-JWT-Assertion-dev_sandbox")
    try:
        return Agave.restore()
    except CredentialsError as error:
        raise CredentialsError(
            "there is no client for this actor: _abaco_access_token and _abaco_api_server are not "
            f"set, and {error}"
        ) from error


def get_binary_message() -> bytes:
    """Return the bytes that were sent to the actor.

    Raises FileNotFoundError when the message is none of bytes.
    """
    descriptor = os.open(_place(_BINARY), os.O_RDONLY | os.O_NONBLOCK)
    try:
        return b"".join(_chunks(descriptor))
    finally:
        os.close(descriptor)


def _chunks(descriptor: int) -> Iterator[bytes]:
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    while ready.poll(_SILENCE_MS):
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            return
        yield chunk


def update_state(state: Any) -> None:
    """Set the state of the actor, which its next execution finds in its context.

    ``state`` is anything that JSON can say but None; text that is JSON is taken for what it says.
    Raises BadRequest or NotFound where the actor is stateless, CredentialsError outside of one.
    """
    actor = os.environ.get(_ACTOR)
    if not actor:
        raise CredentialsError("no actor is running here: _abaco_actor_id is not set")
    get_client().actors.updateState(actorId=actor, body=_as_json(state))


def _as_json(state: Any) -> Any:
    if not isinstance(state, str):
        return state
    try:
        json.loads(state)
    except ValueError:
        return json.dumps(state)
    return state


def send_python_result(obj: Any) -> None:
    """Send any object as a result, pickled; see :func:`send_bytes_result`.

    Raises AgaveError when it cannot be pickled.
    """
    pickler = cloudpickle("send_python_result")
    try:
        data = pickler.dumps(obj)
    except (pickle.PickleError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise _told(f"a result of type {type(obj).__name__} cannot be pickled: {error}") from error
    send_bytes_result(data)


def send_bytes_result(b: bytes) -> None:
    """Send bytes as a result of this execution; several may be sent.

    Each is taken with one ``ag.actors.getOneExecutionResult``. Abaco cuts one of more than 131072
    bytes, which is a UserWarning. Raises AgaveError, its text printed for the log of the
    execution, when it is no bytes or cannot be sent.
    """
    if not isinstance(b, bytes | bytearray | memoryview):
        raise _told(f"a result must be bytes, not {type(b).__name__}")
    if len(b) > MAX_RESULT:
        warnings.warn(
            f"the result has {len(b)} bytes, of which Abaco keeps {MAX_RESULT}: put it into a file",
            stacklevel=2,
        )
    path = _place(_RESULTS)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as results:
            results.connect(path)
            results.send(b)
    except OSError as error:
        raise _told(f"the result cannot be sent to {path}: {error.strerror or error}") from error


def _told(text: str) -> AgaveError:
    print(text)  # noqa: T201 - what an execution prints is its log
    return AgaveError(text)


def _place(names: tuple[str, str]) -> str:
    variable, usual = names
    return os.environ.get(variable) or usual


def is_tapis_notebook() -> bool:
    """Tell whether this runs in a Tapis notebook: as user jupyter, with a folder MyData."""
    home = Path("/home/jupyter")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return False
    return user == "jupyter" and any(
        os.access(home / name, os.R_OK | os.X_OK) for name in ("MyData", "mydata")
    )


def get_tapis_abaco_image(base_url: str) -> str | None:
    """Return the image of executors for notebooks of the tenant at ``base_url``, None if none."""
    return _NOTEBOOK_IMAGES.get(urlsplit(base_url).hostname or "")
