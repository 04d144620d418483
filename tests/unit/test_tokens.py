"""When a token is renewed, by whom, and what becomes of a pair that somebody else has renewed."""

from __future__ import annotations

import contextlib
import copy
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from agavepy.auth.tokens import Pair, TokenSource
from agavepy.errors import ConnectionFailed, CredentialsError, TokenError
from tests.waiting import wait_for


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Grants numbered pairs that live 1000 s; ``refuse`` makes it raise."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[Pair | None] = []
        self.refuse: Exception | None = None

    def grant(self, pair: Pair | None) -> Pair:
        self.asked.append(pair)
        if self.refuse:
            raise self.refuse
        number = len(self.asked)
        answer = {"access_token": f"a{number}", "refresh_token": f"r{number}", "expires_in": 1000}
        return Pair.from_answer(answer, self.clock(), pair)


class Shelf:
    """A keeper in memory: what another process would leave in a file."""

    def __init__(self, pair: Pair | None = None) -> None:
        self.pair = pair
        self.held = 0

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        self.held += 1
        yield

    def load(self) -> Pair | None:
        return self.pair

    def save(self, pair: Pair) -> None:
        self.pair = pair


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Server:
    return Server(clock)


def dead(status: int = 400) -> TokenError:
    response = requests.Response()
    response.status_code = status
    return TokenError(response, "Persisted access token data not found")


def fresh(clock: Clock, name: str = "0", ttl: float = 1000) -> Pair:
    return Pair(f"a{name}", f"r{name}", clock.now, ttl)


@pytest.mark.parametrize(
    ("ttl", "age", "stale"),
    [
        (14400, 14400 - 61, False),
        (14400, 14400 - 60, True),
        (100, 89, False),  # a tenth of a short life, not 60 s of it
        (100, 90, True),
        (0, 0, True),
    ],
)
def test_a_token_is_renewed_a_little_before_it_expires(ttl: float, age: float, stale: bool) -> None:
    assert Pair("a", "r", 1000.0, ttl).stale(1000.0 + age) is stale


def test_a_token_of_unknown_age_is_used_until_it_is_refused(clock: Clock, server: Server) -> None:
    source = TokenSource(Pair("a", "r"), server.grant, clock=clock)
    assert source.access() == "a"
    assert source.renew("a")
    assert source.access() == "a1"
    assert len(server.asked) == 1


def test_a_fresh_token_costs_no_request(clock: Clock, server: Server) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    assert source.access() == "a0"
    assert server.asked == []


def test_sixty_four_threads_with_an_expired_token_renew_it_once(
    clock: Clock, server: Server
) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    clock.now += 2000
    together = threading.Barrier(64)

    def call(_: int) -> str:
        together.wait(10)
        return source.access()

    with ThreadPoolExecutor(64) as pool:
        assert set(pool.map(call, range(64))) == {"a1"}
    assert len(server.asked) == 1


@pytest.mark.parametrize("failure", ["dead", "away"])
def test_threads_that_wait_for_a_renewal_that_fails_do_not_fail_one_after_the_other(
    clock: Clock, server: Server, failure: str
) -> None:
    server.refuse = dead(503) if failure == "dead" else ConnectionFailed("no answer")
    entered, go_on = threading.Event(), threading.Event()

    def slow(pair: Pair | None) -> Pair:
        entered.set()
        go_on.wait(10)
        return server.grant(pair)

    source = TokenSource(None, slow, clock=clock)
    arrived = threading.Semaphore(0)

    def call(_: int) -> str:
        arrived.release()
        try:
            return source.access()
        except (TokenError, ConnectionFailed) as error:
            return str(error)

    with ThreadPoolExecutor(16) as pool:
        first = pool.submit(call, 0)
        assert entered.wait(10)
        others = [pool.submit(call, number) for number in range(15)]
        for _ in range(16):
            assert arrived.acquire(timeout=10)
        wait_for(lambda: waiting_for_locks() >= 15)
        go_on.set()
        assert {future.result(10) for future in others} == {first.result(10)}
    assert len(server.asked) == 1


def waiting_for_locks() -> int:
    """Return how many threads are inside ``_replace``, that is to say at its lock."""
    frames = sys._current_frames().values()
    return sum(frame.f_code.co_name == "_replace" for frame in frames)


def test_a_refused_token_that_another_thread_has_renewed_is_not_renewed_again(
    clock: Clock, server: Server
) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    assert source.renew("a0")
    assert source.renew("a0")
    assert len(server.asked) == 1


def test_a_bare_token_is_not_renewed(clock: Clock) -> None:
    source = TokenSource(Pair("a", "", clock.now, 10), clock=clock)
    clock.now += 100
    assert source.access() == "a"
    assert not source.renew("a")
    assert source.refresh() == "a"


def test_no_token_and_no_way_to_get_one_is_said_plainly() -> None:
    with pytest.raises(CredentialsError, match="nothing to get one with"):
        TokenSource().access()


def test_a_newer_pair_of_another_process_is_used_in_place_of_asking(
    clock: Clock, server: Server
) -> None:
    shelf = Shelf()
    source = TokenSource(fresh(clock), server.grant, keeper=shelf, clock=clock)
    clock.now += 2000
    shelf.pair = fresh(clock, "other")
    assert source.access() == "aother"
    assert server.asked == []


def test_a_pair_left_in_the_same_second_counts_as_newer(clock: Clock, server: Server) -> None:
    source = TokenSource(
        fresh(clock), server.grant, keeper=Shelf(fresh(clock, "other")), clock=clock
    )
    assert source.renew("a0")
    assert source.access() == "aother"


def test_the_stale_pair_of_another_process_is_the_one_to_renew(
    clock: Clock, server: Server
) -> None:
    source = TokenSource(fresh(clock), server.grant, keeper=Shelf(), clock=clock)
    clock.now += 2000
    other = fresh(clock, "other")
    assert isinstance(source.keeper, Shelf)
    source.keeper.pair = other
    clock.now += 2000
    assert source.access() == "a1"
    assert server.asked == [other]  # its refresh token works, ours was used up for it
    assert source.keeper.pair == source.pair


def test_an_older_pair_in_the_cache_never_replaces_the_newer_one_in_memory(
    clock: Clock, server: Server
) -> None:
    shelf = Shelf(fresh(clock, "old"))
    clock.now += 100
    mine = fresh(clock, "mine")
    source = TokenSource(mine, server.grant, keeper=shelf, clock=clock)
    source.refresh()
    assert server.asked == [mine]


def test_an_explicit_refresh_asks_the_server_even_if_the_token_is_fresh(
    clock: Clock, server: Server
) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    assert source.refresh() == "a1"
    assert source.refresh() == "a2"


def test_a_dead_refresh_token_is_tried_once_not_by_every_call(clock: Clock, server: Server) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    clock.now += 2000
    server.refuse = dead()
    for _ in range(5):
        with pytest.raises(TokenError, match="Persisted access token data not found"):
            source.access()
    assert len(server.asked) == 1


def test_a_failing_token_service_is_asked_again(clock: Clock, server: Server) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    clock.now += 2000
    server.refuse = dead(500)
    with pytest.raises(TokenError):
        source.access()
    server.refuse = None
    assert source.access() == "a2"


def test_a_token_in_its_last_minute_is_good_enough_while_the_server_is_away(
    clock: Clock, server: Server
) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    server.refuse = ConnectionFailed("no route")
    clock.now += 950
    assert source.access() == "a0"
    clock.now += 50
    with pytest.raises(ConnectionFailed):
        source.access()


@pytest.mark.parametrize("skew", [-120.0, 120.0])
def test_a_clock_two_minutes_off_costs_one_renewal_at_the_most(
    clock: Clock, server: Server, skew: float
) -> None:
    written_elsewhere = Pair("a0", "r0", clock.now + skew, 1000)
    source = TokenSource(written_elsewhere, server.grant, clock=clock)
    clock.now += 890
    for _ in range(20):
        source.access()
    assert len(server.asked) <= 1


def test_the_callback_hears_of_each_grant_and_may_use_the_client(
    clock: Clock, server: Server
) -> None:
    heard: list[tuple[Pair, str]] = []

    def hear(pair: Pair) -> None:
        heard.append((pair, in_a_thread(source.access)))

    source = TokenSource(None, server.grant, on_grant=hear, clock=clock)
    source.access()
    source.access()
    assert [(pair.access, used) for pair, used in heard] == [("a1", "a1")]


def in_a_thread(call: Callable[[], str]) -> str:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result(10)


def test_an_exception_of_the_callback_reaches_the_caller_and_the_token_is_kept(
    clock: Clock, server: Server
) -> None:
    def broken(_: Pair) -> None:
        raise RuntimeError("database is away")

    source = TokenSource(None, server.grant, on_grant=broken, clock=clock)
    with pytest.raises(RuntimeError, match="database is away"):
        source.access()
    assert source.access() == "a1"


def test_a_copy_does_not_use_up_the_refresh_token_of_its_original(
    clock: Clock, server: Server
) -> None:
    source = TokenSource(fresh(clock), server.grant, clock=clock)
    assert copy.deepcopy(source) is source
    assert copy.copy(source) is source


def test_no_secret_shows_in_the_text_of_a_token(clock: Clock) -> None:
    pair = Pair("acc3ss-secret", "r3fresh-secret", clock.now, 1000)
    for text in (repr(pair), str(pair), repr(TokenSource(pair)), f"{[pair]}"):
        assert "secret" not in text


def test_token_info_has_the_eight_keys_of_earlier_releases(clock: Clock) -> None:
    answer = {"access_token": "a", "refresh_token": "r", "token_type": "bearer", "scope": "default",
              "expires_in": 14400}  # fmt: skip
    assert Pair.from_answer(answer, clock()).info() == {
        "access_token": "a",
        "refresh_token": "r",
        "token_type": "bearer",
        "scope": "default",
        "expires_in": 14400,
        "created_at": 1_000_000,
        "expiration": 1_014_400,
        "expires_at": time.ctime(1_014_400),
    }


def test_an_answer_without_a_refresh_token_leaves_the_old_one_good(clock: Clock) -> None:
    pair = Pair.from_answer({"access_token": "a2", "expires_in": 5}, clock(), fresh(clock))
    assert (pair.access, pair.refresh) == ("a2", "r0")
    assert Pair.from_answer({"access_token": "a"}, clock()).info()["refresh_token"] is None


def test_the_age_of_a_token_is_read_from_whatever_a_record_has() -> None:
    def expiry(**record: object) -> float | None:
        pair = Pair.from_record({"token": "a", **record})
        assert pair is not None
        return pair.expires_at

    assert expiry(created_at="1000", expires_in="500") == 1500
    assert expiry(expires_at=time.ctime(1500), expires_in=500) == 1500
    assert expiry(expires_at=time.ctime(1500), created_at=1000) == 1500
    assert expiry(expires_in=500) is None
    assert Pair.from_record({"token": "", "refresh_token": None}) is None
