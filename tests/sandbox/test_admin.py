"""The admin service over the wire: service accounts and roles, and what they let one do."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from agavepy import loader
from agavepy.errors import HttpError
from agavepy.plan import Plan
from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.admin_support import (
    ACCOUNTS,
    ROLES,
    gone,
    log_in,
    new_account,
    new_name,
    new_role,
)
from tests.sandbox.answers import flask_refusal as refusal
from tests.sandbox.answers import flask_result as result

OPERATIONS = sorted(loader.service_plan("admin").values(), key=lambda plan: plan.name)
EVERYONE = "Internal/everyone"


def _call(http: Http, plan: Plan) -> Any:
    path = plan.path.format(accountId="ada", roleId="admin", apiId="Files-admin-v2")
    return http.request(plan.method, path, json={} if plan.body == "json" else None)


@pytest.mark.parametrize("user", ["ada", "grace"])
@pytest.mark.parametrize("plan", OPERATIONS, ids=lambda plan: plan.name)
def test_nobody_but_an_administrator_gets_in(http: HttpFactory, plan: Plan, user: str) -> None:
    before = result(http("admin").get(f"{ROLES}/admin"))
    text = f"Not authorized -- {user} does not have the role admin."
    assert refusal(_call(http(user), plan)) == text
    assert result(http("admin").get(f"{ROLES}/admin")) == before


@pytest.mark.parametrize("plan", OPERATIONS, ids=lambda plan: plan.name)
def test_nobody_gets_in_without_a_token(http: HttpFactory, plan: Plan) -> None:
    answer = _call(http(""), plan)
    assert answer.status_code == 401
    assert answer.json()["fault"]["code"] == 900902


def test_a_service_account_logs_in_with_its_password(sandbox: Sandbox, http: HttpFactory) -> None:
    name = new_name()
    body = {"accountId": name, "password": "s3cret"}
    answer = http("admin").post(ACCOUNTS, json=body)
    assert result(answer) == {"id": name, "roles": [EVERYONE]}
    assert answer.json()["message"] == "Service account created successfully."
    with log_in(sandbox, name, "s3cret") as web:
        assert web.get("/profiles/v2/me").json()["result"]["username"] == name
    wrong = http("").get("/clients/v2/", auth=(name, "other"))
    assert wrong.status_code == 400


@pytest.mark.parametrize("spelling", ["accountId", "account_id", "id"])
def test_old_spellings_of_an_account_name_are_taken(http: HttpFactory, spelling: str) -> None:
    name = new_name()
    made = http("admin").post(ACCOUNTS, data={spelling: name, "password": "p"})
    assert result(made)["id"] == name
    assert result(http("admin").get(f"{ACCOUNTS}/{name}")) == {"id": name, "roles": [EVERYONE]}


def test_an_account_is_made_with_its_roles_or_not_at_all(http: HttpFactory) -> None:
    admin = http("admin")
    role, name = new_role(admin), new_account(admin)
    one = new_account(admin, role, role, EVERYONE)
    assert result(admin.get(f"{ACCOUNTS}/{one}/roles"))["roles"] == [EVERYONE, role]
    broken = {"accountId": f"{name}.2", "password": "p", "roles": [role, "none-such"]}
    text = "No role found with id: none-such."
    assert refusal(admin.post(ACCOUNTS, json=broken), 404) == text
    assert refusal(admin.get(f"{ACCOUNTS}/{name}.2")) == f"No account found with id: {name}.2."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"password": "p"}, "accountId is required."),
        ({"accountId": "", "password": "p"}, "accountId is required."),
        ({"accountId": "new-one"}, "password is required."),
        ({"accountId": 7, "password": "p"}, "accountId is not text: 7"),
        ({"accountId": "a b", "password": "p"}, "Invalid accountId 'a b': Use letters"),
        ({"accountId": "ada", "password": "p"}, "Invalid accountId 'ada': A user with that"),
        ({"accountId": "x", "password": "p", "roles": [1]}, "roles is not text: 1"),
        ({"accountId": "x", "password": "p", "roles": {}}, "roles is not a list of texts: {}"),
        ({"accountId": "x", "password": "half \ud800"}, "password is not text: 'half "),
        ({"accountId": "x", "password": "p", "roles": ["\ud800"]}, "roles is not text: "),
        ([], "The body is not a JSON object."),
    ],
)
def test_an_account_that_cannot_be_made_is_refused_with_the_reason(
    http: HttpFactory, body: Any, message: str
) -> None:
    assert refusal(http("admin").post(ACCOUNTS, json=body)).startswith(message)


def test_accounts_are_listed_in_pages_and_people_are_not_among_them(http: HttpFactory) -> None:
    admin = http("admin")
    mine = [new_account(admin), new_account(admin)]
    found = [item["id"] for item in result(admin.get(ACCOUNTS, params={"limit": 250}))]
    assert found[-2:] == mine
    assert not {"ada", "grace", "admin"} & set(found)
    page = {"limit": 1, "offset": len(found) - 2}
    assert result(admin.get(ACCOUNTS, params=page)) == [{"id": mine[0]}]


def test_service_accounts_are_no_people(http: HttpFactory) -> None:
    name = new_account(http("admin"))
    people = http("ada").get("/profiles/v2", params={"limit": 250}).json()["result"]
    assert name not in [person["username"] for person in people]
    taken = {"username": name, "password": "p", "email": "a@b.org"}
    assert http("admin").post("/profiles/v2", json=taken).status_code == 400


def test_a_deleted_account_and_its_tokens_are_gone(sandbox: Sandbox, http: HttpFactory) -> None:
    admin = http("admin")
    name = new_account(admin)
    with log_in(sandbox, name, name) as web:
        assert web.get("/profiles/v2/me").status_code == 200
        gone(admin.delete(f"{ACCOUNTS}/{name}"))
        assert web.get("/profiles/v2/me").status_code == 401
    text = f"No account found with id: {name}."
    assert refusal(admin.get(f"{ACCOUNTS}/{name}")) == text
    assert refusal(admin.delete(f"{ACCOUNTS}/{name}")) == text
    assert name not in result(admin.get(f"{ROLES}/{quote(EVERYONE, safe='')}"))["accounts"]


def test_people_are_not_deleted_as_service_accounts(http: HttpFactory) -> None:
    text = "grace is a person's account: delete it with the profiles service"
    assert refusal(http("admin").delete(f"{ACCOUNTS}/grace")) == text
    assert result(http("admin").get(f"{ACCOUNTS}/grace"))["id"] == "grace"


def test_accounts_cannot_be_updated_as_on_the_servers(http: HttpFactory) -> None:
    answer = http("admin").put(f"{ACCOUNTS}/ada", json={"password": "other"})
    assert refusal(answer, 405).endswith("delete it and add it again, or change its roles")
    assert answer.headers["Allow"] == "GET, DELETE"
    assert http("").get("/clients/v2/", auth=("ada", "ada")).status_code == 200


def test_a_role_is_added_and_taken_from_either_side(http: HttpFactory) -> None:
    admin = http("admin")
    role, name = new_role(admin), new_account(admin)
    by_account, by_role = f"{ACCOUNTS}/{name}/roles", f"{ROLES}/{role}/service_accounts"
    account = {"id": name, "roles": [EVERYONE, role]}
    details = {"id": role, "accounts": [name]}

    assert result(admin.post(by_account, json={"roleId": role})) == account
    assert result(admin.get(by_account)) == account
    assert result(admin.get(by_role)) == details
    assert result(admin.get(f"{by_account}/{role}")) == details
    assert result(admin.get(f"{by_role}/{name}")) == account
    gone(admin.delete(f"{by_account}/{role}"))
    missing = f"The account {name} does not have the role {role}."
    assert refusal(admin.get(f"{by_account}/{role}"), 404) == missing
    assert refusal(admin.delete(f"{by_account}/{role}"), 404) == missing

    assert result(admin.post(by_role, json={"accountId": name})) == details
    assert refusal(admin.post(by_role, json={"accountId": name})).endswith("already.")
    gone(admin.delete(f"{by_role}/{name}"))
    assert refusal(admin.get(f"{by_role}/{name}"), 404) == missing
    assert refusal(admin.delete(f"{by_role}/{name}"), 404) == missing
    assert result(admin.get(by_role)) == {"id": role, "accounts": []}


@pytest.mark.parametrize("spelling", ["role_id", "id"])
def test_old_spellings_of_a_role_are_taken(http: HttpFactory, spelling: str) -> None:
    admin, role = http("admin"), new_name("role")
    assert result(admin.post(ROLES, json={spelling: role})) == {"id": role, "accounts": []}
    name = new_account(admin)
    given = admin.post(f"{ACCOUNTS}/{name}/roles", json={spelling: role})
    assert role in result(given)["roles"]


@pytest.mark.parametrize("spelling", ["account_id", "id"])
def test_old_spellings_of_a_member_are_taken(http: HttpFactory, spelling: str) -> None:
    admin = http("admin")
    role, name = new_role(admin), new_account(admin)
    added = admin.post(f"{ROLES}/{role}/service_accounts", json={spelling: name})
    assert result(added)["accounts"] == [name]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("get", f"{ACCOUNTS}/nobody", 400, "No account found with id: nobody."),
        ("get", f"{ACCOUNTS}/nobody/roles", 400, "No account found with id: nobody."),
        ("post", f"{ACCOUNTS}/nobody/roles", 400, "No account found with id: nobody."),
        ("post", f"{ACCOUNTS}/ada/roles", 404, "No role found with id: nothing."),
        ("get", f"{ACCOUNTS}/nobody/roles/admin", 400, "No account found with id: nobody."),
        ("get", f"{ACCOUNTS}/ada/roles/nothing", 404, "No role found with id: nothing."),
        ("delete", f"{ACCOUNTS}/ada/roles/nothing", 404, "No role found with id: nothing."),
        ("get", f"{ROLES}/nothing", 404, "No role found with id: nothing."),
        ("delete", f"{ROLES}/nothing", 404, "No role found with id: nothing."),
        ("get", f"{ROLES}/nothing/service_accounts", 404, "No role found with id: nothing."),
        ("post", f"{ROLES}/nothing/service_accounts", 404, "No role found with id: nothing."),
        ("post", f"{ROLES}/admin/service_accounts", 400, "No account found with id: nobody."),
        ("get", f"{ROLES}/admin/service_accounts/nobody", 400, "No account found with id: nobody."),
        ("delete", f"{ROLES}/nothing/service_accounts/ada", 404, "No role found with id: nothing."),
    ],
)
def test_unknown_accounts_are_400_and_unknown_roles_404(
    http: HttpFactory, method: str, path: str, status: int, message: str
) -> None:
    body = {"roleId": "nothing", "accountId": "nobody"} if method == "post" else None
    assert refusal(http("admin").request(method, path, json=body), status) == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "roleId is required."),
        ({"roleId": "a b"}, "Invalid roleId 'a b': use letters"),
        ({"roleId": "a/b/c"}, "Invalid roleId 'a/b/c': use letters"),
        ({"roleId": ["x"]}, "roleId is not text: ['x']"),
        ({"roleId": "\ud800"}, "roleId is not text: "),
        ({"roleId": "Admin"}, "A role with the id Admin already exists."),
    ],
)
def test_a_role_that_cannot_be_made_is_refused_with_the_reason(
    http: HttpFactory, body: Any, message: str
) -> None:
    assert refusal(http("admin").post(ROLES, json=body)).startswith(message)


def test_a_role_may_have_a_domain(http: HttpFactory) -> None:
    admin = http("admin")
    role = new_role(admin, "Internal/lab-")
    assert {"id": role} in result(admin.get(ROLES, params={"limit": 250}))
    assert result(admin.get(f"{ROLES}/{quote(role, safe='')}")) == {"id": role, "accounts": []}


def test_roles_are_listed_in_pages_those_of_every_tenant_first(http: HttpFactory) -> None:
    admin = http("admin")
    new_role(admin)
    everything = result(admin.get(ROLES, params={"limit": 250}))
    assert everything[:2] == [{"id": EVERYONE}, {"id": "admin"}]
    assert result(admin.get(ROLES, params={"limit": 1, "offset": 2})) == everything[2:3]


def test_a_deleted_role_is_taken_from_everybody(http: HttpFactory) -> None:
    admin = http("admin")
    role = new_role(admin)
    name = new_account(admin, role)
    gone(admin.delete(f"{ROLES}/{role}"))
    assert result(admin.get(f"{ACCOUNTS}/{name}"))["roles"] == [EVERYONE]
    assert result(admin.post(ROLES, json={"roleId": role}))["accounts"] == []


@pytest.mark.parametrize("role", ["admin", EVERYONE])
def test_the_roles_of_every_tenant_stay(http: HttpFactory, role: str) -> None:
    path = f"{ROLES}/{quote(role, safe='')}"
    assert refusal(http("admin").delete(path)).endswith("it stays")
    assert "admin" in result(http("admin").get(path))["accounts"]


def test_the_role_that_everybody_has_cannot_be_taken_away(http: HttpFactory) -> None:
    path = f"{ACCOUNTS}/ada/roles/{quote(EVERYONE, safe='')}"
    assert refusal(http("admin").delete(path)).startswith("Everybody has the role")


def test_whoever_gets_the_role_admin_administrates_the_tenant(fresh_sandbox: Sandbox) -> None:
    with (
        Http(fresh_sandbox.url, fresh_sandbox.credentials("admin")["token"]) as admin,
        Http(fresh_sandbox.url, fresh_sandbox.credentials("grace")["token"]) as grace,
    ):
        ada = "/profiles/v2/ada"
        assert "email" not in grace.get(ada).json()["result"]
        granted = admin.post(f"{ACCOUNTS}/grace/roles", json={"roleId": "admin"})
        assert result(granted) == {"id": "grace", "roles": [EVERYONE, "admin"]}
        assert "email" in grace.get(ada).json()["result"]
        assert result(grace.get(f"{ROLES}/admin"))["accounts"] == ["grace", "admin"]

        gone(grace.delete(f"{ROLES}/admin/service_accounts/admin"))
        assert refusal(admin.get(ACCOUNTS)).startswith("Not authorized")
        last = "grace is the last administrator: make another one first"
        assert refusal(grace.delete(f"{ACCOUNTS}/grace/roles/admin")) == last
        assert "email" in grace.get(ada).json()["result"]


def test_the_last_administrator_cannot_be_deleted(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("admin")["token"]) as admin:
        name = new_account(admin, "admin")
        with log_in(fresh_sandbox, name, name) as service:
            gone(service.delete(f"{ACCOUNTS}/admin/roles/admin"))
            last = f"{name} is the last administrator: make another one first"
            assert refusal(service.delete(f"{ACCOUNTS}/{name}")) == last


def test_roles_outlive_a_restart(tmp_path: Any) -> None:
    with (
        Sandbox(seed="empty", state=tmp_path) as first,
        Http(first.url, first.credentials("admin")["token"]) as admin,
    ):
        role = new_role(admin)
        name = new_account(admin, role)
    with (
        Sandbox(seed="empty", state=tmp_path) as second,
        Http(second.url, second.credentials("admin")["token"]) as admin,
    ):
        assert result(admin.get(f"{ACCOUNTS}/{name}"))["roles"] == [EVERYONE, role]


def test_the_clients_of_everybody_are_listed_without_secrets(
    sandbox: Sandbox, http: HttpFactory
) -> None:
    found = result(http("admin").get("/admin/v2/clients", params={"limit": 250}))
    for user in ("ada", "grace", "admin"):
        login = sandbox.credentials(user)
        mine = {"id": login["api_key"], "clientName": f"sandbox-{user}", "owner": user}
        assert mine in found
    page = http("admin").get("/admin/v2/clients", params={"limit": 2, "offset": 1})
    assert result(page) == found[1:3]


def _verified(http: HttpFactory, text: str) -> dict[str, Any]:
    """Return the claims of an assertion that the gateway's published key verifies."""
    key = serialization.load_pem_public_key(http("").get("/apim/v2/publickey").content)
    assert isinstance(key, rsa.RSAPublicKey)
    head, claims, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in text.split(".")
    )
    assert json.loads(head)["alg"] == "RS256"
    signed = text.rpartition(".")[0].encode()
    key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, signed + b"x", padding.PKCS1v15(), hashes.SHA256())
    found: dict[str, Any] = json.loads(claims)
    return found


def test_the_assertion_names_the_caller_and_verifies(http: HttpFactory) -> None:
    claims = _verified(http, result(http("admin").get("/admin/jwt")))
    assert claims["exp"] == claims["iat"] + 900
    named = {key.rpartition("/")[2]: value for key, value in claims.items() if "claims" in key}
    assert named == {
        "enduser": "SANDBOX/admin@carbon.super",
        "role": f"{EVERYONE},admin",
        "subscriber": "admin",
        "applicationname": "sandbox-admin",
        "tier": "Unlimited",
    }


def test_the_assertion_names_the_client_that_the_token_is_of(
    sandbox: Sandbox, http: HttpFactory
) -> None:
    login = sandbox.credentials("ada")
    form = {"grant_type": "password", "username": "admin", "password": "admin"}
    auth = (login["api_key"], login["api_secret"])
    token = http("").post("/token", data=form, auth=auth).json()["access_token"]
    with Http(sandbox.url, token) as web:
        claims = _verified(http, result(web.get("/admin/jwt")))
    assert claims["http://wso2.org/claims/enduser"] == "SANDBOX/admin@carbon.super"
    assert claims["http://wso2.org/claims/subscriber"] == "ada"
    assert claims["http://wso2.org/claims/applicationname"] == "sandbox-ada"


def test_a_client_administrates_as_the_old_documents_had_it(sandbox: Sandbox) -> None:
    admin = sandbox.client("admin").admin
    name = new_name()
    made = admin.addAccount(body={"accountId": name, "password": "p", "roles": []})
    assert (made.id, made.roles) == (name, [EVERYONE])
    assert name in [item.id for item in admin.listAccounts(limit=250, offset=0)]
    role = admin.addRole(body={"id": f"role-{name}"}).id
    assert role in admin.addRoleToAccount(accountId=name, body={"role_id": role}).roles
    assert admin.deleteRoleFromAccount(accountId=name, roleId=role).status_code == 204
    assert admin.addAccountToRole(roleId=role, body={"account_id": name}).accounts == [name]
    assert admin.deleteRole(roleId=role).status_code == 204
    assert admin.getAccount(accountId=name).roles == [EVERYONE]
    assert admin.getRole(roleId=EVERYONE).accounts[-1] == name
    with pytest.raises(HttpError, match="add it again") as caught:
        admin.updateAccount(accountId=name, body={"password": "q"})
    assert caught.value.status == 405
    assert admin.deleteAccount(accountId=name).status_code == 204
