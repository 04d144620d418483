"""One way to the tenant: settings of the environment, credentials, sessions, threads, forks."""

from __future__ import annotations

import http.cookies
import os
import pickle
import socket
import ssl
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from requests.adapters import HTTPAdapter

from agavepy.errors import ConnectionFailed, UsageError
from agavepy.transport import Transport
from tests.unit.loopback import Loopback, Reply, Seen
from tests.waiting import wait_for

EXPIRED = Reply(401, b'{"fault": {"code": 900901, "message": "Invalid Credentials"}}')
REFUSED = Reply(401, b'{"fault": {"code": 900902, "message": "Missing Credentials"}}')


def request(
    transport: Transport, method: str = "GET", path: str = "/x", **parts: Any
) -> requests.PreparedRequest:
    return requests.Request(method, transport.base_url + path, **parts).prepare()


class Token(requests.auth.AuthBase):
    """An access token that can be renewed ``left`` times."""

    def __init__(self, left: int = 1) -> None:
        self.number = 1
        self.left = left
        self.asked = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer token{self.number}"
        return request

    def renew(self, response: requests.Response) -> bool:
        assert response.request.headers["Authorization"] == f"Bearer token{self.number}"
        self.asked += 1
        if not self.left:
            return False
        self.left -= 1
        self.number += 1
        return True


def tokens(server: Loopback) -> list[str]:
    return [seen.headers.get("Authorization", "") for seen in server.requests]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_expired_token_costs_one_renewal_and_the_call_succeeds(
    server: Loopback, transport: Transport, method: str
) -> None:
    server.say(EXPIRED, Reply(200))
    auth = Token()
    data = b"body" if method == "POST" else None
    response = transport.send(request(transport, method, data=data), auth=auth)
    assert response.status_code == 200
    assert tokens(server) == ["Bearer token1", "Bearer token2"]
    assert {seen.body for seen in server.requests} == {data or b""}


def test_a_token_is_renewed_once_for_a_call(server: Loopback, transport: Transport) -> None:
    server.say(EXPIRED)
    auth = Token(left=5)
    assert transport.send(request(transport), auth=auth).status_code == 401
    assert (len(server.requests), auth.asked) == (2, 1)


def test_a_refusal_that_is_no_expiry_renews_nothing(server: Loopback, transport: Transport) -> None:
    server.say(REFUSED)
    auth = Token()
    assert transport.send(request(transport), auth=auth).status_code == 401
    assert (len(server.requests), auth.asked) == (1, 0)


def test_a_token_that_cannot_be_renewed_gives_the_servers_answer(
    server: Loopback, transport: Transport
) -> None:
    server.say(EXPIRED)
    response = transport.send(request(transport), auth=Token(left=0), stream=True)
    assert response.json()["fault"]["code"] == 900901
    assert len(server.requests) == 1


def test_a_netrc_never_takes_the_place_of_the_token(
    server: Loopback, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password x\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    transport.send(request(transport), auth=Token())
    transport.send(request(transport))
    assert tokens(server) == ["Bearer token1", ""]


@pytest.mark.parametrize(
    "address", ["", "api.tacc.utexas.edu", "ftp://h", "https://", "http://h:x"]
)
def test_an_address_that_is_none_is_refused_at_once(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a tenant: write it as https://host"):
        Transport(address)


def test_a_prefix_is_kept_and_a_slash_at_the_end_is_not() -> None:
    assert Transport("https://host:8443/a/b//").base_url == "https://host:8443/a/b"


def test_the_proxy_of_the_environment_is_used(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    transport = Transport("http://tenant.invalid", retries=0)
    assert transport.send(request(transport, path="/a//b")).status_code == 200
    assert server.requests[-1].target == "http://tenant.invalid/a//b"
    transport.close()


def test_a_proxy_that_is_given_goes_before_the_environment(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://nowhere.invalid")
    transport = Transport("http://tenant.invalid", proxies={"http": server.url}, retries=0)
    assert transport.send(request(transport)).status_code == 200
    transport.close()


def test_hosts_that_need_no_proxy_are_reached_without(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://nowhere.invalid")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    transport = Transport(server.url, retries=0)
    assert transport.send(request(transport)).status_code == 200
    transport.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(server: Loopback, authority: trustme.CA) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.wrap(context)
    return server.url.replace("http://", "https://")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", ""])
def test_a_site_with_its_own_authority_is_reached_through_its_bundle(
    tls_server: str,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    if variable:
        monkeypatch.setenv(variable, str(bundle))
    transport = Transport(tls_server, verify=True if variable else str(bundle), retries=0)
    assert transport.send(request(transport)).status_code == 200
    transport.close()


def test_a_certificate_of_nobody_known_is_refused_with_the_way_out(tls_server: str) -> None:
    transport = Transport(tls_server, sleep=lambda _: pytest.fail("tried again"))
    with pytest.raises(ConnectionFailed, match=r"certificate.*verify= or REQUESTS_CA_BUNDLE"):
        transport.send(request(transport))
    transport.verify = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # urllib3 warns of what was asked for
        assert transport.send(request(transport)).status_code == 200
    transport.close()


def test_a_bundle_that_is_not_there_is_named(tls_server: str) -> None:
    transport = Transport(tls_server, verify="/no/such/bundle.pem")
    with pytest.raises(ConnectionFailed, match=r"/no/such/bundle\.pem"):
        transport.send(request(transport))


def test_a_server_that_is_not_there_is_named_without_the_insides_of_a_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        transport = Transport(f"http://127.0.0.1:{taken.getsockname()[1]}", retries=0)
        with pytest.raises(ConnectionFailed, match=r"cannot reach .*: .*refused; check") as caught:
            transport.send(request(transport))
    assert "(host=" not in str(caught.value)


class Counting(HTTPAdapter):
    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        self.sent += 1
        return super().send(*args, **kwargs)


def test_a_session_of_the_users_own_is_used_with_all_that_is_set_on_it(server: Loopback) -> None:
    heard: list[int] = []
    with requests.Session() as session:
        adapter = Counting()
        session.mount("http://", adapter)
        session.headers["X-Mine"] = "yes"
        session.params = {"extra": "1"}
        session.hooks["response"].append(lambda r, **_: heard.append(r.status_code))
        session.cookies.set("name", "value")
        transport = Transport(server.url, session=session, retries=0)
        assert transport.session is session
        response = transport.send(request(transport, path="/x?a=b%2Fc"))
    assert adapter.sent == 1
    assert heard == [200]
    (seen,) = server.requests
    assert seen.headers["X-Mine"] == "yes"
    assert seen.headers["Cookie"] == "name=value"
    assert seen.target == "/x?a=b%2Fc&extra=1"
    assert response.elapsed.total_seconds() > 0


def test_a_header_of_the_call_goes_before_that_of_the_session(
    server: Loopback, transport: Transport
) -> None:
    transport.session.headers["X-A"] = "session"
    transport.send(request(transport, headers={"x-a": "call"}))
    assert {k.lower(): v for k, v in server.requests[-1].headers.items()}["x-a"] == "call"
    assert server.requests[-1].headers["User-Agent"].startswith("agavepy ")


def test_cookies_of_the_server_come_back_to_it(server: Loopback, transport: Transport) -> None:
    server.say(Reply(200, headers={"Set-Cookie": "route=1; Path=/"}), Reply(200))
    transport.send(request(transport))
    transport.send(request(transport))
    cookies = [http.cookies.SimpleCookie(s.headers.get("Cookie", "")) for s in server.requests]
    assert [{k: m.value for k, m in c.items()} for c in cookies] == [{}, {"route": "1"}]


def test_a_session_with_its_own_way_of_sending_keeps_it(server: Loopback) -> None:
    log: list[str] = []

    class Recorder(requests.Session):
        def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            log.append(str(request.url))
            return super().send(request, **kwargs)

    server.say(Reply(302, headers={"Location": "/y"}), Reply(200))
    with Recorder() as session:
        transport = Transport(server.url, session=session, retries=0)
        response = transport.send(request(transport))
    assert log == [server.url + "/x", server.url + "/y"]
    assert len(response.history) == 1


def test_an_error_that_a_hook_raises_is_the_callers(server: Loopback) -> None:
    server.say(Reply(404))
    with requests.Session() as session:
        session.hooks["response"].append(lambda r, **_: r.raise_for_status())
        transport = Transport(server.url, session=session)
        with pytest.raises(requests.HTTPError, match="404 Client Error"):
            transport.send(request(transport))


def test_a_download_is_not_read_before_it_is_asked_for(
    server: Loopback, transport: Transport
) -> None:
    server.say(Reply(200, b"x" * 100_000))
    response = transport.send(request(transport), stream=True)
    assert response.raw.tell() == 0
    assert b"".join(response.iter_content(1000)) == b"x" * 100_000


def test_a_refused_download_can_be_read_like_any_error(
    server: Loopback, transport: Transport
) -> None:
    server.say(Reply(404, b'{"message": "gone"}'))
    response = transport.send(request(transport), stream=True)
    assert response.json() == {"message": "gone"}


def test_calls_one_after_the_other_share_a_connection(
    server: Loopback, transport: Transport
) -> None:
    server.say(Reply(200), Reply(404), Reply(200))
    for stream in (False, True, False, False):
        transport.send(request(transport), stream=stream).close()
    assert server.connections == 1


def test_many_threads_use_one_connection_each_at_the_most(
    server: Loopback, transport: Transport
) -> None:
    together, idle = threading.Barrier(32), threading.Barrier(32)

    def answer(_: Seen) -> Reply:
        together.wait(20)  # no answer before all 32 are on their way at once
        return Reply()

    def calls() -> None:
        for _ in range(4):
            assert transport.send(request(transport)).status_code == 200
            idle.wait(20)  # and no call before all connections have been given back

    server.answer = answer
    threads = [threading.Thread(target=calls) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 128
    assert server.connections == 32


def test_downloads_that_are_held_open_do_not_lock_out_other_calls(
    server: Loopback, transport: Transport
) -> None:
    server.say(Reply(200, b"x" * 1000))
    held = [transport.send(request(transport), stream=True) for _ in range(40)]
    assert transport.send(request(transport)).status_code == 200
    for response in held:
        response.close()


def test_a_session_is_made_once_for_all_threads(server: Loopback) -> None:
    transport = Transport(server.url)
    start = threading.Barrier(8)
    found: list[requests.Session] = []

    def first_use() -> None:
        start.wait()
        found.append(transport.session)

    threads = [threading.Thread(target=first_use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(session) for session in found}) == 1
    transport.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_parent_and_child_do_not_share_a_connection(server: Loopback, transport: Transport) -> None:
    def answer(seen: Seen) -> Reply:
        return Reply(200, str(seen.client_port).encode())

    server.answer = answer
    mine = transport.send(request(transport)).text
    child = os.fork()
    if child == 0:
        status = 1
        try:
            theirs = transport.send(request(transport)).text
            status = 0 if theirs != mine else 2
        finally:
            os._exit(status)
    assert wait_for(lambda: os.waitpid(child, os.WNOHANG) != (0, 0) or None)
    assert len({seen.client_port for seen in server.requests}) == 2
    assert transport.send(request(transport)).text == mine


def test_a_transport_can_be_sent_to_another_process(server: Loopback, transport: Transport) -> None:
    transport.session.cookies.set("session", "s3cr3t")
    transport.send(request(transport))
    data = pickle.dumps(transport)
    assert b"s3cr3t" not in data
    copy = pickle.loads(data)
    assert copy.send(request(copy)).status_code == 200
    assert (copy.base_url, copy.retries) == (transport.base_url, 0)
    copy.close()
