"""What a call gives back: results out of their envelopes, as attributes, with real dates."""

from __future__ import annotations

import copy
import datetime
import gzip
import json
import pickle
from typing import Any

import pytest
import requests

from agavepy.errors import AnswerError, HttpError, from_response
from agavepy.plan import Answer, Plan
from agavepy.result import AttrDict, Interpreter, MissingKey, date
from agavepy.transport import Transport
from tests.unit.loopback import Loopback, Reply

UTC = datetime.timezone.utc


def plan(kind: str = "envelope", *dates: tuple[str, ...], method: str = "GET") -> Plan:
    return Plan("svc", "op", method, "/x", answer=Answer(kind, dates=dates))


def give(
    transport: Transport,
    server: Loopback,
    of: Plan,
    body: Any,
    *,
    naked: bool = False,
    status: int = 200,
    **headers: str,
) -> Any:
    """Return the result of a call that is answered with ``body`` (an object becomes JSON)."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    server.say(Reply(status, content, {k.replace("_", "-"): v for k, v in headers.items()}))
    request = requests.Request(of.method, server.url).prepare()
    response = transport.send(request, stream=of.answer.kind == "raw")
    return Interpreter(of)(response, naked)


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ({"status": "success", "message": None, "version": "2", "result": [1]}, [1]),
        ({"status": "success", "message": None, "version": "2"}, None),
        ({"status": "success", "message": "", "result": "", "version": "2"}, ""),
        ({"status": "success", "message": "Done.", "version": "2", "result": {}}, {}),
        ({"message": "m", "result": None, "status": "success", "version": "1.9"}, None),
        # No envelope: the body itself, even if it has a status of its own.
        ([{"id": 1}], [{"id": 1}]),
        ({"id": "1", "status": "FINISHED"}, {"id": "1", "status": "FINISHED"}),
        ({"id": "1", "status": "success"}, {"id": "1", "status": "success"}),
        ({"result": 1}, {"result": 1}),
        ("text", "text"),
        (None, None),
    ],
)
def test_the_result_comes_out_of_any_envelope(
    transport: Transport, server: Loopback, body: Any, result: Any
) -> None:
    assert give(transport, server, plan(), body) == result


def test_a_naked_answer_is_the_result(transport: Transport, server: Loopback) -> None:
    job = {"status": "success", "message": "of the job", "result": 5}
    assert give(transport, server, plan(), job, naked=True) == job
    assert give(transport, server, plan(), b"", naked=True) is None


def test_an_answer_that_has_no_envelope_by_its_description_is_left_alone(
    transport: Transport, server: Loopback
) -> None:
    body = {"status": "success", "message": "m", "result": 5}
    assert give(transport, server, plan("plain"), body) == body


def test_an_error_under_a_good_status_is_not_taken_for_a_result(
    transport: Transport, server: Loopback
) -> None:
    body = {"status": "error", "message": "the disk is full", "version": "2", "result": {}}
    with pytest.raises(HttpError, match="the disk is full"):
        give(transport, server, plan(), body)


@pytest.mark.parametrize("kind", ["envelope", "raw", "none", "plain"])
def test_no_content_is_the_response_as_it_always_was(
    transport: Transport, server: Loopback, kind: str
) -> None:
    response = give(transport, server, plan(kind), b"", status=204)
    assert isinstance(response, requests.Response)
    assert response.status_code == 204


def test_a_question_for_headers_is_answered_with_the_response(
    transport: Transport, server: Loopback
) -> None:
    response = give(transport, server, plan("none", method="HEAD"), b"12345", ETag="e")
    assert response.headers["ETag"] == "e"
    assert response.headers["Content-Length"] == "5"


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (b"", None),
        (b'{"status": "success", "message": null, "version": "2"}', None),
        (b"plain words", "plain words"),
        (b'{"a": 1}', {"a": 1}),
    ],
)
def test_an_operation_without_a_result_gives_what_little_there_is(
    transport: Transport, server: Loopback, body: bytes, result: Any
) -> None:
    assert give(transport, server, plan("none"), body) == result


def test_a_download_is_the_streamed_response(transport: Transport, server: Loopback) -> None:
    response = give(transport, server, plan("raw"), b'{"not": "parsed"}')
    assert isinstance(response, requests.Response)
    assert response.raw.tell() == 0
    assert response.content == b'{"not": "parsed"}'


def test_bytes_of_an_operation_that_answers_json_as_well_are_the_response(
    transport: Transport, server: Loopback
) -> None:
    kinds = ("application/json", "application/octet-stream")
    either = plan()._replace(produces=kinds)
    content = b"\x80{}"
    response = give(transport, server, either, content, Content_Type="application/octet-stream")
    assert isinstance(response, requests.Response)
    assert response.content == content
    body = {"status": "success", "message": None, "result": 1}
    assert give(transport, server, either, body, Content_Type="application/json") == 1
    with pytest.raises(AnswerError):
        give(transport, server, plan(), content, Content_Type="application/octet-stream")


def test_a_web_page_in_place_of_json_is_a_clear_error(
    transport: Transport, server: Loopback
) -> None:
    told = r"svc\.op: http.*text/html in place.*'Please log in'"
    with pytest.raises(AnswerError, match=told) as caught:
        give(transport, server, plan(), b"<html>Please log in</html>", Content_Type="text/html")
    assert isinstance(caught.value.__cause__, ValueError)


def test_json_of_another_encoding_is_understood(transport: Transport, server: Loopback) -> None:
    text = '{"name": "grün"}'
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert give(transport, server, plan(), text.encode(encoding)) == {"name": "grün"}
    latin = "application/json; charset=ISO-8859-1"
    assert give(transport, server, plan(), text.encode("latin-1"), Content_Type=latin) == {
        "name": "grün"
    }


def test_a_compressed_answer_is_understood(transport: Transport, server: Loopback) -> None:
    body = gzip.compress(b'{"status": "success", "message": null, "result": [1]}')
    assert give(transport, server, plan(), body, Content_Encoding="gzip") == [1]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        (
            "2018-11-02T10:08:54.000-05:00",
            datetime.datetime(2018, 11, 2, 15, 8, 54, tzinfo=UTC),
        ),
        ("2018-11-02T10:08:54Z", datetime.datetime(2018, 11, 2, 10, 8, 54, tzinfo=UTC)),
        ("2018-11-02T10:08:54.591Z", datetime.datetime(2018, 11, 2, 10, 8, 54, 591000, UTC)),
        ("2018-11-02T10:08:54.5Z", datetime.datetime(2018, 11, 2, 10, 8, 54, 500000, UTC)),
        ("2018-11-02T10:08:54-0500", datetime.datetime(2018, 11, 2, 15, 8, 54, tzinfo=UTC)),
        ("2018-11-02 10:08:54.591234", datetime.datetime(2018, 11, 2, 10, 8, 54, 591234, UTC)),
        ("Fri, 01 May 2020 14:45:41 GMT", datetime.datetime(2020, 5, 1, 14, 45, 41, tzinfo=UTC)),
    ],
)
def test_a_date_becomes_an_aware_datetime(text: str, when: datetime.datetime) -> None:
    found = date(text)
    assert isinstance(found, datetime.datetime)
    assert found == when
    assert found.tzinfo is not None


@pytest.mark.parametrize("text", ["None", "", "soon", "12", "a: b", "2018-13-45T99:00:00Z", "Z"])
def test_what_is_no_date_stays_text(text: str) -> None:
    assert date(text) == text


NOON = "2026-05-01T12:00:00Z"
AT_NOON = datetime.datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dates", "body", "result"),
    [
        ([("created",)], {"created": NOON, "other": NOON}, {"created": AT_NOON, "other": NOON}),
        ([("[]", "created")], [{"created": NOON}, {"id": 1}], [{"created": AT_NOON}, {"id": 1}]),
        # A server may answer an object where a list is described, and the other way round.
        ([("[]", "created")], {"created": NOON}, {"created": AT_NOON}),
        ([("created",)], [{"created": NOON}], [{"created": AT_NOON}]),
        ([("a", "b", "at")], {"a": {"b": {"at": NOON}}}, {"a": {"b": {"at": AT_NOON}}}),
        ([("a", "[]", "at")], {"a": [{"at": NOON}, None]}, {"a": [{"at": AT_NOON}, None]}),
        ([("days", "[]")], {"days": [NOON, None]}, {"days": [AT_NOON, None]}),
        ([("a", "at"), ("at",)], {"a": {"at": NOON}, "at": 5}, {"a": {"at": AT_NOON}, "at": 5}),
        ([("a", "at")], {"a": "text"}, {"a": "text"}),
        ([("at",)], "text", "text"),
        ([("at",)], {"at": None}, {"at": None}),
        ([("at",)], {"at": ""}, {"at": ""}),
    ],
)
def test_dates_are_found_where_the_description_says(
    transport: Transport, server: Loopback, dates: list[tuple[str, ...]], body: Any, result: Any
) -> None:
    assert give(transport, server, plan("plain", *dates), body) == result
    enveloped = {"status": "success", "message": None, "version": "2", "result": body}
    assert give(transport, server, plan("envelope", *dates), enveloped) == result


@pytest.fixture
def item(transport: Transport, server: Loopback) -> AttrDict:
    body = {"id": "x", "items": 3, "deep": {"list": [{"a": 1}]}, "with space": 1}
    found = give(transport, server, plan("plain"), body)
    assert isinstance(found, AttrDict)
    return found


def test_items_are_attributes_however_deep(item: AttrDict) -> None:
    assert item.id == item["id"] == "x"
    assert item.deep.list[0].a == item["deep"]["list"][0]["a"] == 1
    assert next(iter(item.deep.values()))[0].a == 1


def test_attributes_can_be_set_and_deleted(item: AttrDict) -> None:
    item.id = "y"
    item.new = 1
    del item.deep
    assert item == {"id": "y", "items": 3, "with space": 1, "new": 1}


def test_methods_of_dict_keep_their_names(item: AttrDict) -> None:
    assert item["items"] == 3
    assert ("id", "x") in item.items()


def test_what_is_missing_fails_as_a_key_and_as_an_attribute(item: AttrDict) -> None:
    with pytest.raises(KeyError, match=r"'idd' is not here \(did you mean 'id'\?\); there are: id"):
        _ = item.idd
    with pytest.raises(AttributeError):
        _ = item.nothing
    with pytest.raises(KeyError):
        _ = item["nothing"]
    with pytest.raises(MissingKey):
        del item.nothing
    assert not hasattr(item, "nothing")
    assert getattr(item, "nothing", 5) == 5
    assert item.get("nothing") is None


def test_copies_and_pickles_are_of_the_same_kind(item: AttrDict) -> None:
    pickled = pickle.loads(pickle.dumps(item))
    for twin in (item.copy(), copy.copy(item), copy.deepcopy(item), pickled):
        assert twin == item
        assert type(twin) is AttrDict
        assert twin.deep.list[0].a == 1
    assert copy.deepcopy(item).deep is not item.deep


def test_results_work_wherever_dicts_do(item: AttrDict) -> None:
    assert json.loads(json.dumps(item)) == item
    assert dict(**item.deep) == {"list": [{"a": 1}]}
    assert dict(item)["id"] == "x"
    item.update(id="z")
    assert item.pop("id") == "z"
    assert repr(AttrDict(a=1)) == "{'a': 1}"


def test_completion_offers_the_keys(item: AttrDict) -> None:
    assert {"id", "deep", "items", "keys"} <= set(dir(item))
    assert "with space" not in dir(item)


def test_a_missing_key_can_be_told_in_another_process() -> None:
    error = pickle.loads(pickle.dumps(MissingKey("a", {"ab": 1})))
    assert str(error) == "'a' is not here (did you mean 'ab'?); there are: ab"


@pytest.mark.parametrize("status", [200, 401, 500])
def test_an_answer_that_is_nested_without_end_is_an_error_of_ours(
    transport: Transport, server: Loopback, status: int
) -> None:
    server.say(Reply(status, b"[" * 100_000))
    response = transport.send(requests.Request("GET", server.url).prepare())
    if status == 200:
        with pytest.raises(AnswerError, match="in place of JSON"):
            Interpreter(plan())(response)
    else:
        assert from_response(response, "svc.op").status == status
