"""What it costs to import the client, to get a first answer, and to hold many clients."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import MIB, Line, account, accounts, median, ratio
from benchmarks.stub import SYSTEM, TOKEN, stub_tenant

ROUNDS = 9
NAMES = ("agavepy", "requests", "bravado")
IMPORTS = {
    "nothing": "pass",
    "requests": "import requests",
    "agavepy": "from agavepy import Agave",
    "bravado": "from bravado.client import SwaggerClient",
}
REQUESTS_CALL = f"""
import sys, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer {TOKEN}"
answer = session.get(sys.argv[1] + "/files/v2/listings/system/{SYSTEM}/1", params={{"limit": 10}})
answer.raise_for_status()
assert len(answer.json()["result"]) == 1
"""
AGAVEPY_CALL = f"""
import sys
from agavepy import Agave
ag = Agave(api_server=sys.argv[1], token="{TOKEN}")
assert len(ag.files.list(systemId="{SYSTEM}", filePath="1", limit=10)) == 1
"""
BRAVADO_CALL = f"""
import sys
from bravado.client import SwaggerClient
from bravado.requests_client import RequestsClient
http = RequestsClient()
http.set_api_key(sys.argv[1].partition("//")[2], "Bearer {TOKEN}", "Authorization", "header")
def client(service):
    from agavepy import loader
    document = loader.document(service)
    document.update(host=sys.argv[1].partition("//")[2], schemes=["http"])
    return SwaggerClient.from_spec(document, (loader.SPECS / f"{{service}}.yaml").as_uri(), http)
files = client("files").files
assert len(files.list(systemId="{SYSTEM}", filePath="1", limit=10).response().result.result) == 1
"""
FIRST_CALLS = {"requests": REQUESTS_CALL, "agavepy": AGAVEPY_CALL, "bravado": BRAVADO_CALL}
EVERY_SERVICE = {
    "requests": REQUESTS_CALL,
    "agavepy": AGAVEPY_CALL
    + "from agavepy import loader\n"
    + "for name in loader.services():\n"
    + "    assert set(loader.service_plan(name)) <= set(dir(ag.service(name)))\n",
    "bravado": BRAVADO_CALL
    + "from agavepy import loader\n"
    + "kept = [client(name) for name in loader.services()]\n",
}
CLIENTS = """
import sys
from agavepy import Agave
clients = [Agave(api_server=sys.argv[1], token="t") for _ in range(int(sys.argv[2]))]
assert all(client.files.list for client in clients)
clients[0].files.list(systemId="data.storage", filePath="1")
"""


def run() -> Iterator[Line]:
    """Measure in fresh processes and yield the lines."""
    costs = {name: median(kept, "cpu_s") for name, kept in accounts(IMPORTS, rounds=ROUNDS).items()}
    nothing = costs["nothing"]
    own, base, bravado = (costs[name] - nothing for name in NAMES)
    yield Line(
        "`from agavepy import Agave`: CPU",
        ratio(own, base),
        "≤ 1.3 × `import requests`",
        "1.0",
        ratio(bravado, base),
        f"{own * 1000:.0f} ms; an empty interpreter ({nothing * 1000:.0f} ms) taken off",
    )
    with stub_tenant() as url:
        yield from _first_result(url)
        yield from _memory(url)


def _first_result(url: str) -> Iterator[Line]:
    kept = accounts(FIRST_CALLS, url, rounds=ROUNDS)
    own, base, bravado = (median(kept[name], "cpu_s") for name in NAMES)
    yield Line(
        "process start to first `ag.files.list` result: CPU",
        ratio(own, base),
        "≤ 1.3 × requests",
        "1.0",
        ratio(bravado, base),
        f"{own * 1000:.0f} ms; on the clock {median(kept['agavepy'], 'wall_s') * 1000:.0f} ms",
    )


def _memory(url: str) -> Iterator[Line]:
    kept = accounts(EVERY_SERVICE, url, rounds=3)
    own, base, bravado = (median(kept[name], "peak") for name in NAMES)
    yield Line(
        "memory with every service touched",
        ratio(own, base),
        "≤ 1.15 × requests",
        "",
        ratio(bravado, base),
        f"{own / MIB:.1f} MiB at its peak",
    )
    one, many = (
        median([account(CLIENTS, url, count) for _ in range(3)], "peak") for count in ("1", "1000")
    )
    yield Line(
        "1,000 clients in one process: memory",
        f"+ {(many - one) / MIB:.1f} MiB",
        "+ 5 MiB",
        detail="against one client",
    )
