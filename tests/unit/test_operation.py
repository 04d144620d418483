"""Services and operations as users meet them: called, listed, explained, mistyped."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from agavepy import loader
from agavepy.errors import (
    BadRequest,
    CredentialsError,
    NotAuthenticated,
    NotFound,
    ServerError,
    UnknownName,
    UsageError,
)
from agavepy.operation import Operation, Service
from agavepy.plan import Answer, Parameter, Plan, ServicePlan
from agavepy.transport import Transport
from tests.unit.loopback import Loopback, Reply

PLANS = (
    Plan(
        "zoo",
        "list",
        "GET",
        "/zoo/{cage}",
        (
            Parameter("cage", "path", required=True, tail=True, doc="Where to look."),
            Parameter("limit", "query", "integer", doc="How many.", default=100, maximum=250),
            Parameter("kinds", "query", "array", items="string", enum=("cat", "dog")),
            Parameter("class", "query"),
            Parameter("naked", "query", "boolean"),
        ),
        answer=Answer(
            "envelope",
            type="array of object",
            dates=(("[]", "born"),),
            fields=(("born", "date-time", "When it was born."),),
        ),
        summary="List the animals.",
        description="All of them, in order of size.",
        search={"name": ("string", "name")},
        statuses={"200": "The animals.", "404": "No such cage."},
        requires=("admin",),
    ),
    Plan(
        "zoo",
        "add",
        "POST",
        "/zoo",
        (
            Parameter(
                "body",
                "body",
                "object",
                required=True,
                doc="The animal.",
                fields=(("name", "string", True, "Its name."), ("age", "integer", False, "Years.")),
            ),
        ),
        body="json",
        summary="Add an animal.",
    ),
    Plan(
        "zoo",
        "film",
        "GET",
        "/zoo/film",
        (Parameter("x-nonce", "query"),),
        answer=Answer("raw"),
        summary="Watch.",
    ),
    Plan(
        "zoo",
        "upload",
        "PUT",
        "/zoo/photo",
        (Parameter("photo", "file", "file", required=True),),
        body="multipart",
        summary="Hang up a photo.",
    ),
    Plan("zoo", "old", "GET", "/zoo/old", summary="Use list.", deprecated=True),
    Plan("zoo", "open", "GET", "/zoo/open", security="none", summary="Look in."),
    Plan("zoo", "key", "GET", "/zoo/key", security="client"),
    Plan("zoo", "animals_list", "GET", "/zoo/animals", security="none"),
)


class Token(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Bearer t0ken"
        return request


class Owner:
    """What owns services: an address and a token, but no client key."""

    def __init__(self, url: str) -> None:
        self.transport = Transport(url, retries=0)
        self.asked: list[str] = []

    def authenticator(self, security: str) -> Token:
        self.asked.append(security)
        if security != "bearer":
            raise CredentialsError("there is no client key: create a client")
        return Token()

    def service(self, name: str) -> Service:
        return Service(self, service_plan() if name == "zoo" else loader.service_plan(name))


def service_plan() -> ServicePlan:
    return ServicePlan("zoo", "The Zoo", "Animals.", {plan.name: plan.to_json() for plan in PLANS})


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def owner(server: Loopback) -> Iterator[Owner]:
    owner = Owner(server.url)
    yield owner
    owner.transport.close()


@pytest.fixture
def zoo(owner: Owner) -> Service:
    return owner.service("zoo")


def test_a_call_gives_the_result(zoo: Service, server: Loopback) -> None:
    body = b'{"status":"success","message":null,"result":[{"born":"2020-01-01T00:00:00Z"}]}'
    server.say(Reply(200, body))
    (animal,) = zoo.list(cage="big cats", limit=5, kinds=["cat"])
    assert animal.born.year == 2020
    (seen,) = server.requests
    assert seen.target == "/zoo/big%20cats?limit=5&kinds=cat"
    assert seen.headers["Authorization"] == "Bearer t0ken"


def test_a_naked_call_gives_the_body(zoo: Service, server: Loopback) -> None:
    body = b'{"status":"success","message":null,"result":[]}'
    server.say(Reply(200, body))
    assert zoo.list(cage="", naked=True).status == "success"
    assert zoo.list(cage="", naked="false") == []


def test_the_credential_is_the_one_of_the_description(
    zoo: Service, owner: Owner, server: Loopback
) -> None:
    server.say(Reply())
    zoo.open()
    assert owner.asked == []
    assert "Authorization" not in server.requests[-1].headers
    with pytest.raises(CredentialsError, match="create a client"):
        zoo.key()
    assert owner.asked == ["client"]
    assert len(server.requests) == 1


def test_a_nonce_takes_the_place_of_the_token(zoo: Service, owner: Owner, server: Loopback) -> None:
    server.say(Reply())
    zoo.add(body={}, nonce="T_1")
    assert owner.asked == []
    assert server.requests[-1].target == "/zoo?x-nonce=T_1"
    zoo.film(**{"x-nonce": "T_2"}).close()
    assert owner.asked == []
    assert server.requests[-1].target == "/zoo/film?x-nonce=T_2"
    zoo.add(body={}, nonce=None)
    assert owner.asked == ["bearer"]


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (400, BadRequest, r"help\(ag\.zoo\.list\)"),
        (401, NotAuthenticated, "log in again"),
        (404, NotFound, "check the id or path"),
        (500, ServerError, "try again later"),
    ],
)
def test_a_failure_says_what_was_called_and_what_to_do(
    zoo: Service, server: Loopback, status: int, kind: type[Exception], advice: str
) -> None:
    server.say(Reply(status, b'{"status": "error", "message": "because", "version": "2"}'))
    with pytest.raises(kind, match=rf"(?s)\[Errno {status}\].*'because'.*zoo\.list: .*{advice}"):
        zoo.list(cage="x")


def test_credentials_lost_on_a_redirect_are_told_as_such(zoo: Service, server: Loopback) -> None:
    with Loopback() as other:
        server.say(Reply(302, headers={"Location": other.url + "/y"}))
        other.say(Reply(401, b'{"message": "who are you?"}'))
        with pytest.raises(NotAuthenticated, match=f"redirected to {other.url}, where credentials"):
            zoo.list(cage="x")


def test_positional_arguments_are_answered_with_the_right_call(zoo: Service) -> None:
    with pytest.raises(UsageError, match=r"keyword arguments only: ag\.zoo\.list\(cage='<cage>'\)"):
        zoo.list("x")


def test_a_parameter_may_be_called_anything(zoo: Service, server: Loopback) -> None:
    server.say(Reply())
    zoo.list(cage="x", **{"class": "mammal"})
    assert server.requests[-1].target == "/zoo/x?class=mammal"
    with pytest.raises(UsageError, match="no argument 'self'"):
        zoo.list(cage="x", self=1)


def test_a_deprecated_operation_says_so_once(owner: Owner, server: Loopback) -> None:
    server.say(Reply())
    zoo = owner.service("zoo")
    with pytest.warns(DeprecationWarning, match=r"zoo\.old is deprecated: Use list\.") as warned:
        zoo.old()
    assert warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zoo.old()


def test_an_operation_that_is_not_there_is_answered_with_the_nearest(zoo: Service) -> None:
    told = r"no operation 'lst' \(did you mean 'list'\?\); dir\(ag\.zoo\)"
    with pytest.raises(UnknownName, match=told):
        _ = zoo.lst
    with pytest.raises(AttributeError):
        _ = zoo.nothing
    assert not hasattr(zoo, "nothing")


def test_completion_offers_the_operations(zoo: Service) -> None:
    assert {plan.name for plan in PLANS} <= set(dir(zoo))


def test_an_operation_is_made_once_and_its_work_shared(owner: Owner) -> None:
    plan = service_plan()
    one, two = Service(owner, plan), Service(owner, plan)
    assert one.list is one.list
    assert one.list is not two.list
    assert one.list._program is two.list._program


def test_the_original_spelling_of_a_name_is_understood(zoo: Service) -> None:
    assert getattr(zoo, "animals.list").plan.name == "animals_list"


def test_what_earlier_releases_told_of_an_operation_is_still_there(
    zoo: Service, server: Loopback
) -> None:
    operation = zoo.list.get_operation()
    assert operation.uri == server.url + "/zoo/{cage}"
    assert (operation.resource, operation.operation) == ("zoo", "list")
    assert operation.json["method"] == "GET"
    assert operation.return_type == "array of object"


def test_representations_name_things_and_reach_for_no_network(zoo: Service) -> None:
    assert repr(zoo) == "<Service zoo: 8 operations; dir(ag.zoo)>"
    assert repr(zoo.list) == "<Operation zoo.list(cage, …): List the animals.>"
    assert repr(zoo.key) == "<Operation zoo.key()>", "nothing stands where nothing is said"
    assert zoo.list.__name__ == "list"
    assert zoo.list.__qualname__ == "zoo.list"


def test_services_and_operations_can_be_copied_and_pickled(zoo: Service, server: Loopback) -> None:
    server.say(Reply())
    for twin in (pickle.loads(pickle.dumps(zoo)), copy.deepcopy(zoo)):
        twin.open()
    for operation in (pickle.loads(pickle.dumps(zoo.open)), copy.deepcopy(zoo.open)):
        operation()
        operation.client.transport.close()
    assert len(server.requests) == 4


def test_help_tells_all_that_the_description_tells(zoo: Service) -> None:
    text = str(zoo.list.__doc__)
    for told in (
        "List the animals.\n\nAll of them, in order of size.",
        "ag.zoo.list(cage='<cage>')",
        "cage (string, required): Where to look.",
        "limit (integer): How many. At most 250. The server's default: 100.",
        "kinds (array of string): One of: cat, dog.",
        "search (optional): a dict of search terms",
        "Result: array of object.\n    born (date-time): When it was born.",
        "404: No such cage.",
        "name (string)",
        "an access token, a tenant administrator",
        "GET /zoo/{cage}",
    ):
        assert told in text
    assert "Fields of body:\n    name (string, required): Its name." in str(zoo.add.__doc__)
    assert "ag.zoo.add(body={'name': ...})" in str(zoo.add.__doc__)
    assert 'photo=open("example.dat", "rb")' in str(zoo.upload.__doc__)
    assert "search (optional)" not in str(zoo.add.__doc__)
    assert "Deprecated" in str(zoo.old.__doc__)
    assert "The streamed response" in str(zoo.film.__doc__)


def test_the_builtin_help_shows_it(zoo: Service) -> None:
    shown = pydoc.plain(pydoc.render_doc(zoo.list))
    assert "Where to look." in shown
    shown = pydoc.plain(pydoc.render_doc(zoo))
    assert "Animals." in shown
    assert "list          List the animals." in shown


def test_the_classes_have_a_help_of_their_own() -> None:
    assert "keyword arguments" in str(Operation.__doc__)
    assert "attributes" in str(Service.__doc__)
    inspect.signature(Service)
    pydoc.render_doc(Operation)


def test_the_signature_is_the_one_of_the_description(zoo: Service) -> None:
    signature = inspect.signature(zoo.list)
    assert [p.name for p in signature.parameters.values()] == [
        *("cage", "limit", "kinds", "class_", "naked"),
        *("headers", "query", "nonce", "search", "filter", "others"),
    ]
    assert all(p.kind is p.KEYWORD_ONLY for p in list(signature.parameters.values())[:-1])
    assert signature.parameters["cage"].default is inspect.Parameter.empty
    assert signature.parameters["limit"].default == 100
    assert signature.parameters["limit"].annotation is int
    assert signature.parameters["kinds"].annotation == list[str]
    assert signature.return_annotation is list
    assert inspect.signature(zoo.film).return_annotation is requests.Response
    bound = signature.bind(cage="x", **{"class": "y"})
    assert bound.arguments["others"] == {"class": "y"}
    with pytest.raises(TypeError):
        signature.bind(limit=3)


def test_every_bundled_operation_can_be_explained(owner: Owner) -> None:
    for name in loader.services():
        service: Any = owner.service(name)
        assert len(str(service.__doc__)) > 100
        for operation in loader.service_plan(name):
            found = getattr(service, operation)
            text = str(found.__doc__)
            assert "Example:\n    ag." in text
            compile(text.partition("Example:\n    ")[2].partition("\n")[0], "example", "eval")
            assert isinstance(inspect.signature(found), inspect.Signature)
