"""The fixtures of the pytest plugin, each a few lines over the module that does the work.

Nothing of the package is imported before a test asks for a fixture.
"""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from agavepy.client import Agave
    from agavepy.testing.calls import Calls
    from agavepy.testing.cassette import Cassette
    from agavepy.testing.clock import Clock
    from agavepy.testing.factories import Actor, System
    from agavepy.testing.faults import Faults
    from agavepy.testing.own import OwnService
    from agavepy.testing.server import Server
    from agavepy.testing.stub import Stub
    from agavepy.testing.transitions import Transitions
    from agavepy.testing.wire import Wire

__all__ = [
    "agave",
    "agave_actor",
    "agave_admin",
    "agave_as",
    "agave_calls",
    "agave_cassette",
    "agave_clock",
    "agave_faults",
    "agave_home",
    "agave_job",
    "agave_sandbox",
    "agave_server",
    "agave_spec",
    "agave_stub",
    "agave_surroundings",
    "agave_system",
    "agave_transition",
    "agave_user",
    "agave_wire",
    "live_agave",
]

LIVE = "agave_live"
#: Where the calls of a test are, for its report.
WIRE: pytest.StashKey[Any] = pytest.StashKey()
#: Whether a test came to its end without a failure; nothing when it was interrupted.
SUCCEEDED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.fixture(scope="session")
def agave_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The tenant of this process: a running ``Sandbox`` on a free port, or that of --agave-url."""
    from agavepy.testing.server import LocalServer, RemoteServer

    config = request.config
    where = config.getoption("--agave-url")
    server: LocalServer | RemoteServer
    if where:
        if hasattr(config, "workerinput"):
            raise pytest.UsageError(
                "--agave-url names one tenant, and each worker of pytest-xdist brings its tenant "
                "back after a test: leave out -n, or --agave-url"
            )
        server = RemoteServer(where)
    else:
        # Below pytest's own directory, which it removes also when the process does not end well.
        state = tmp_path_factory.mktemp("agave") / "state"
        server = LocalServer(seed=config.getini("agave_seed"), state=state)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def live_agave(request: pytest.FixtureRequest) -> Agave:
    """The client of --agave-live, whose renewed tokens are kept where the login was found."""
    from agavepy.client import Agave
    from agavepy.errors import CredentialsError

    profile = request.config.getoption("--agave-live")
    if profile == "current":
        client = Agave.restore()
    else:
        try:
            client = Agave.restore(client_name=profile)
        except CredentialsError:
            client = Agave.restore(tenant_id=profile)
    client.tokens()  # before HOME is set aside: here it learns which file is its own
    return client


@pytest.fixture
def agave_surroundings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path | None]:
    """Clean surroundings: no login but the test's own, no host but this machine.

    None where ``agave_isolate`` is off.
    """
    from agavepy.testing.isolation import loopback_only, surroundings

    hosts = set()
    if request.node.get_closest_marker(LIVE):
        live = request.getfixturevalue("live_agave")
        hosts.add(str(urlsplit(live.api_server).hostname))
    elif _recording_live(request):
        hosts.add(str(urlsplit(request.getfixturevalue("live_agave").api_server).hostname))
    if request.config.getoption("--agave-url"):
        server = request.getfixturevalue("agave_server")
        hosts.add(str(urlsplit(server.url).hostname))
    if not request.config.getini("agave_isolate"):
        yield None
        return
    with surroundings(tmp_path_factory.mktemp("agave-home")) as directory, loopback_only(hosts):
        yield directory


@pytest.fixture
def agave_wire(request: pytest.FixtureRequest, agave_surroundings: Path | None) -> Iterator[Wire]:
    """What the clients of a test go through: its calls are shown when it fails."""
    from agavepy.testing.wire import Wire

    mode = request.config.getoption("--agave-validate") or request.config.getini("agave_validate")
    with Wire() as wire:
        if mode != "off":
            from agavepy.testing.validate import MODES, Validator

            if mode not in MODES:
                raise pytest.UsageError(f"agave_validate = {mode}: choose from {', '.join(MODES)}")
            wire.watchers.append(Validator(mode == "strict"))
        request.node.stash[WIRE] = wire
        yield wire


@pytest.fixture
def agave_sandbox(request: pytest.FixtureRequest, agave_wire: Wire) -> Iterator[Server]:
    """The tenant, which is brought back to its first state after the test."""
    from agavepy.testing.server import restored

    if request.node.get_closest_marker(LIVE):
        raise pytest.UsageError(
            f"a test marked {LIVE} has `agave` and `agave_job`, of a real tenant; "
            f"{request.fixturename} and what is over it (time, faults, the log of requests, users, "
            "systems, actors) are the sandbox's: leave out the marker, or these"
        )
    server: Server = request.getfixturevalue("agave_server")
    with restored(server):
        yield server


@pytest.fixture
def agave(request: pytest.FixtureRequest, agave_wire: Wire) -> Iterator[Agave]:
    """A logged-in client of the user ``ada``; of a live tenant or of a cassette if so marked."""
    if "agave_cassette" in request.fixturenames:
        username = request.getfixturevalue("agave_cassette").username
        yield request.getfixturevalue("agave_as")(username)
        return
    if request.node.get_closest_marker(LIVE):
        # A copy: what the test adds to it ends with the test.
        yield _with_own(request, copy.copy(request.getfixturevalue("live_agave")))
        return
    yield request.getfixturevalue("agave_as")("ada")


@pytest.fixture
def agave_as(request: pytest.FixtureRequest, agave_wire: Wire) -> Callable[[str], Agave]:
    """A factory of logged-in clients by user name; one client for each."""
    cassette = "agave_cassette" in request.fixturenames
    tenant = request.getfixturevalue("agave_cassette" if cassette else "agave_sandbox")

    @functools.cache
    def login(username: str) -> Agave:
        return _with_own(
            request, tenant.client_of(username) if cassette else tenant.client(username)
        )

    return login


@pytest.fixture
def agave_admin(agave_as: Callable[[str], Agave]) -> Agave:
    """A client of the tenant's administrator."""
    return agave_as("admin")


@pytest.fixture
def agave_home(
    request: pytest.FixtureRequest,
    agave_surroundings: Path | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """The credentials directory of the test, with a login of ``ada``, that restore() reads.

    It is the test's own also where ``agave_isolate`` is off: a login is never written over.
    """
    from agavepy.testing.isolation import surroundings

    with ExitStack() as stack:
        directory = agave_surroundings
        if directory is None:
            directory = stack.enter_context(surroundings(tmp_path_factory.mktemp("agave-home")))
        if not {"agave_stub", "agave_cassette"}.intersection(request.fixturenames):
            from agavepy.testing.server import login

            server = request.getfixturevalue("agave_sandbox")
            stack.enter_context(login(server, server.client("ada"), directory))
        yield directory


@pytest.fixture
def agave_clock(agave_sandbox: Server) -> Clock:
    """The time of the tenant and its clients: ``agave_clock.advance(3600)``."""
    from agavepy.testing.clock import Clock

    return Clock(agave_sandbox.door)


@pytest.fixture
def agave_faults(request: pytest.FixtureRequest, agave_sandbox: Server) -> Faults:
    """Faults to order; those of the markers ``agave_faults`` are ordered already."""
    from agavepy.testing.faults import Faults

    faults = Faults(agave_sandbox.door)
    for mark in reversed(list(request.node.iter_markers("agave_faults"))):
        _carry_out(mark, faults.add)
    return faults


@pytest.fixture
def agave_transition(request: pytest.FixtureRequest, agave_sandbox: Server) -> Transitions:
    """How jobs and the like go on; what the markers ``agave_transition`` say holds already."""
    from agavepy.testing.transitions import Transitions

    transitions = Transitions(agave_sandbox.door)
    for mark in request.node.iter_markers("agave_transition"):
        _carry_out(mark, transitions.set)
    return transitions


@pytest.fixture
def agave_calls(agave_sandbox: Server) -> Calls:
    """What the tenant was asked by this test."""
    from agavepy.testing.calls import Calls

    calls = Calls(agave_sandbox.door)
    calls.clear()
    return calls


@pytest.fixture
def agave_stub(agave_wire: Wire) -> Iterator[Stub]:
    """Answers without a server; those that are left at the end fail the test."""
    from agavepy.testing.stub import Stub

    stub = Stub(agave_wire)
    with stub.standing_in():
        yield stub
    stub.assert_no_pending()


@pytest.fixture
def agave_cassette(request: pytest.FixtureRequest, agave_wire: Wire) -> Iterator[Cassette]:
    """The recorded calls of the test, in ``cassettes/`` beside its file; see --agave-record."""
    from agavepy.testing.cassette import Cassette, path_for

    classes = (node.name for node in request.node.listchain() if isinstance(node, pytest.Class))
    path = path_for(request.node.path, [*classes, request.node.name])
    cassette = Cassette(path, request.config.getoption("--agave-record"))
    with ExitStack() as stack:
        if not cassette.recording:
            stack.enter_context(cassette.replaying(agave_wire))
            yield cassette
            return
        if _recording_live(request):
            client = request.getfixturevalue("live_agave")
            stack.enter_context(cassette.keeping(agave_wire, client))
        else:
            server = request.getfixturevalue("agave_sandbox")
            client = server.client("ada")
            stack.enter_context(cassette.keeping(agave_wire, client, server.client))
        yield cassette
        if request.node.stash.get(SUCCEEDED, False):
            cassette.save()


@pytest.fixture
def agave_spec(
    request: pytest.FixtureRequest, agave_wire: Wire
) -> Iterator[Callable[..., OwnService]]:
    """A factory of services of your own: ``agave_spec("search.yaml")`` answers its operations.

    One document is one service, also where a marker or the settings name it.
    """
    from agavepy.testing.own import OwnService

    with ExitStack() as stack:

        @functools.cache
        def serve(path: Path, name: str) -> OwnService:
            return stack.enter_context(OwnService(path, name))

        def find(document: str | Path, name: str = "") -> OwnService:
            beside = request.node.path.parent / document
            return serve(beside if beside.exists() else Path(document).absolute(), name)

        for document in _marked_documents(request):
            find(document)
        yield find


@pytest.fixture
def agave_user(agave_sandbox: Server) -> Callable[..., Agave]:
    """A factory of users: ``agave_user("linus")`` is a logged-in client of a new one."""
    from agavepy.testing import factories

    return functools.partial(factories.user, agave_sandbox, itertools.count(1))


@pytest.fixture
def agave_system(
    agave: Agave, agave_sandbox: Server, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., System]:
    """A factory of storage systems of ``ada``, each on a temporary directory."""
    from agavepy.testing import factories

    numbers = itertools.count(1)

    def make(system_id: str | None = None, **fields: Any) -> System:
        path = tmp_path_factory.mktemp("agave-system")
        return factories.system(agave_sandbox, agave, numbers, path, system_id, **fields)

    return make


@pytest.fixture
def agave_job(request: pytest.FixtureRequest, agave: Agave) -> Callable[..., Any]:
    """A factory of jobs of ``agave``: ``agave_job("wc-1.0", inputs)`` has ended when it is back.

    Where a marker holds the jobs, it has been submitted.
    """
    from agavepy.testing import factories

    marks = request.node.iter_markers("agave_transition")
    chosen = [{**dict(zip(("kind",), mark.args, strict=False)), **mark.kwargs} for mark in marks]
    held = any(c.get("kind") == "jobs" and (c.get("manual") or c.get("seconds")) for c in chosen)
    return functools.partial(factories.job, agave, itertools.count(1), wait=not held)


@pytest.fixture
def agave_actor(agave: Agave, agave_sandbox: Server) -> Callable[..., Actor]:
    """A factory of actors: ``agave_actor(function)`` runs a Python function for each message."""
    from agavepy.testing import factories

    return functools.partial(factories.actor, agave_sandbox, agave, itertools.count(1))


def _with_own(request: pytest.FixtureRequest, client: Agave) -> Agave:
    """Return a client to which the services of the settings and markers of a test were added."""
    for document in (*request.config.getini("agave_specs"), *_marked_documents(request)):
        request.getfixturevalue("agave_spec")(document).add_to(client)
    return client


def _marked_documents(request: pytest.FixtureRequest) -> list[Any]:
    marks = request.node.iter_markers("agave_spec")
    return [_carry_out(mark, lambda path: path) for mark in marks]


def _carry_out(mark: pytest.Mark, function: Callable[..., Any]) -> Any:
    """Call a function with the arguments of a marker; UsageError for those it does not have."""
    try:
        return function(*mark.args, **mark.kwargs)
    except TypeError as error:
        raise pytest.UsageError(
            f"@pytest.mark.{mark.name}{(*mark.args, *mark.kwargs)}: {error}; see pytest --markers"
        ) from error


def _recording_live(request: pytest.FixtureRequest) -> bool:
    option = request.config.getoption
    return (
        "agave_cassette" in request.fixturenames
        and bool(option("--agave-live"))
        and option("--agave-record") != "none"
    )
