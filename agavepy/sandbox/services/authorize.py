"""The page on which a person grants a client access, and the way back to the client."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import clients, tokens, users

_HEADERS = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
_FIELDS = ("client_id", "response_type", "redirect_uri", "scope", "state")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
_FORM = """<p>The client <strong>{client}</strong> of {owner} asks to act in your name.</p>
{problem}<form method="post" action="{action}">
{hidden}
<p><label>User name <input name="username" autocomplete="username" autofocus></label></p>
<p><label>Password
<input name="password" type="password" autocomplete="current-password"></label></p>
<p><button name="decision" value="grant">Log in and grant access</button>
<button name="decision" value="refuse">Refuse</button></p>
</form>"""


@handler("token", "authorize")
def authorize(call: Call) -> Reply:
    """Answer the login page, or send the browser back when the request cannot be granted."""
    client, refusal = _request(call)
    return refusal or _login(call, client)


@handler("token", "approve")
def approve(call: Call) -> Reply:
    """Send the browser back with a code or token if the person logs in, or with their refusal."""
    client, refusal = _request(call)
    if refusal:
        return refusal
    if call.args.get("decision") == "refuse":
        return _back(call, client, {"error": "access_denied"})
    username = call.args.get("username", "")
    if not users.check_password(call.tenant, username, call.args.get("password", "")):
        return _login(call, client, "The user name or the password is wrong.", status=403)
    if call.args["response_type"] == "code":
        return _back(call, client, {"code": tokens.issue_code(call.tenant, client, username)})
    return _back(call, client, tokens.issue(call.tenant, client, username, refreshable=False))


def _request(call: Call) -> tuple[dict[str, Any], Reply | None]:
    """Return the client of an authorization request, and the reply if it cannot be granted.

    Nothing is ever sent to an address that the client has not registered (RFC 6749, section 10.6).
    """
    client = clients.by_key(call.tenant, call.args.get("client_id", ""))
    if client is None:
        return {}, _page("Unknown client", "<p>No client has this client_id.</p>", 400)
    callback = client["callbackUrl"]
    if not callback or (call.args.get("redirect_uri") or callback) != callback:
        text = "<p>The redirect_uri is not the callback address of the client.</p>"
        return client, _page("Wrong callback address", text, 400)
    if call.args.get("response_type") not in {"code", "token"}:
        return client, _back(call, client, {"error": "unsupported_response_type"})
    return client, None


def _login(call: Call, client: dict[str, Any], problem: str = "", status: int = 200) -> Reply:
    hidden = "\n".join(
        f'<input type="hidden" name="{name}" value="{escape(call.args[name])}">'
        for name in _FIELDS
        if name in call.args
    )
    content = _FORM.format(
        client=escape(client["name"]),
        owner=escape(client["owner"]),
        problem=f'<p role="alert">{escape(problem)}</p>\n' if problem else "",
        action=escape(call.link("token", "approve")),
        hidden=hidden,
    )
    return _page(f"Log in to {call.tenant.tenant_id}", content, status)


def _page(title: str, content: str, status: int) -> Reply:
    page = _PAGE.format(title=escape(title), content=content)
    return Reply.raw(page.encode(), "text/html; charset=UTF-8", status, dict(_HEADERS))


def _back(call: Call, client: dict[str, Any], answer: dict[str, Any]) -> Reply:
    """Return the redirect to the client; the answer is in the query, a token in the fragment."""
    if "state" in call.args:
        answer = {**answer, "state": call.args["state"]}
    address = urlsplit(client["callbackUrl"])
    terms = urlencode(answer, quote_via=quote)
    if call.args.get("response_type") == "token":
        address = address._replace(fragment=terms)
    else:
        address = address._replace(query=f"{address.query}&{terms}" if address.query else terms)
    headers = {**_HEADERS, "Location": urlunsplit(address)}
    return Reply.raw(b"", "text/html; charset=UTF-8", 302, headers)
