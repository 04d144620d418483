"""A small tenant of Tapis v3 for tests: a token service that signs JWTs, and a systems service."""

from __future__ import annotations

import json
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from agavepy import Agave
from tests.documents_support import Site
from tests.unit.loopback import Reply, Seen

HEADER = "X-Tapis-Token"
USER, PASSWORD = "ada", "s3cret-0123456789"
CLIENT, KEY = "my-client", "k3y-0123456789"

#: As the documents of v3: hosts of developers, the prefix in the server or in the paths, an
#: envelope, a token that is described as an API key or not at all.
SYSTEMS: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Systems", "version": "1"},
    "servers": [{"url": "http://localhost:8080/v3", "description": "Local test environment"}],
    "security": [{"TapisJWT": []}],
    "components": {
        "securitySchemes": {"TapisJWT": {"type": "apiKey", "in": "header", "name": HEADER}},
        "schemas": {
            "System": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "description": "Name of the system."},
                    "created": {"type": "string", "format": "date-time"},
                },
            },
            "Systems": {
                "type": "object",
                "properties": {
                    "result": {"type": "array", "items": {"$ref": "#/components/schemas/System"}},
                    "status": {"type": "string"},
                    "message": {"type": "string"},
                    "version": {"type": "string"},
                    "metadata": {"type": "object"},
                },
            },
        },
    },
    "paths": {
        "/systems": {
            "get": {
                "operationId": "getSystems",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "The systems.",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Systems"}}
                        },
                    }
                },
            }
        },
        "/systems/{systemId}": {
            "get": {
                "operationId": "getSystem",
                "parameters": [
                    {"name": "systemId", "in": "path", "required": True, "schema": {}},
                ],
                "responses": {"200": {"description": "It.", "content": {"application/json": {}}}},
            }
        },
    },
}
FILES: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "Files", "version": "1"},
    "servers": [{"url": "https://dev.develop.tapis.io"}],
    "paths": {
        "/v3/files/content/{systemId}/{path}": {
            "get": {
                "operationId": "getContents",
                "parameters": [
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                    for name in ("systemId", "path")
                ],
                "responses": {
                    "200": {
                        "description": "The bytes.",
                        "content": {
                            "application/octet-stream": {
                                "schema": {"type": "string", "format": "binary"}
                            }
                        },
                    }
                },
            }
        }
    },
}


def client(tenant: Tapis3, **more: Any) -> Agave:
    """Return a client with a password and two services."""
    settings: dict[str, Any] = {
        "username": USER,
        "password": PASSWORD,
        "specs": {"systems": SYSTEMS, "files": FILES},
    }
    return Agave(api_server=tenant.url, flavour="tapis3", **{**settings, **more})


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Tapis3(Site):
    """The tenant. ``clock`` is its time; ``grants`` are the bodies that its token service got."""

    def __init__(self, lifetime_s: int = 14400) -> None:
        super().__init__()
        self.answer = self._serve
        self.clock: Callable[[], float] = time.time
        self.lifetime_s = lifetime_s
        self.grants: list[dict[str, Any]] = []
        self.dated = True  # whether answers say how long a token lives, besides the token itself
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._live: set[str] = set()

    def __enter__(self) -> Tapis3:
        super().__enter__()
        return self

    def begin(self) -> Tapis3:
        """Forget what a test before has left."""
        self.requests.clear()
        self.grants.clear()
        self.answer, self.clock, self.dated = self._serve, time.time, True
        self.lifetime_s = 14400
        return self

    def token(self, kind: str = "access") -> str:
        """Sign a token, as the service does."""
        now = int(self.clock())
        claims = {
            "sub": f"{USER}@tacc",
            "tapis/token_type": kind,
            "tapis/username": USER,
            "tapis/tenant_id": "tacc",
            "iss": self.url,
            "exp": now + self.lifetime_s,
            "jti": f"{kind}-{len(self.grants)}-{time.perf_counter_ns()}",
        }
        parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
        text = ".".join(map(encoded, parts))
        return f"{text}.{encoded(self._key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"

    def _serve(self, seen: Seen) -> Reply:
        path = urlsplit(seen.target).path
        if path == "/v3/oauth2/tokens":
            return self._tokens(seen)
        why = self._why_not(seen.headers.get(HEADER, ""))
        if why:
            return self._say(401, why, status="error")
        if path == "/v3/systems":
            found = [{"id": "one", "created": "2024-01-02T03:04:05Z"}]
            return self._say(200, "SYSAPI_SYSTEMS_FOUND", found, {"recordCount": 1})
        if path.startswith("/v3/files/content/"):
            return Reply(200, b"\0bytes", {"Content-Type": "application/octet-stream"})
        return self._say(404, "SYSAPI_NOT_FOUND Record not found.", status="error")

    def _why_not(self, token: str) -> str:
        """Return what is wrong with a token, "" if it is good."""
        if token.count(".") != 2:
            return "Tapis token missing."
        text, _, signature = token.rpartition(".")
        try:
            raw = urlsafe_b64decode(signature + "==")
            public = self._key.public_key()
            public.verify(raw, text.encode(), padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return "Invalid Tapis token: Signature verification failed"
        payload = text.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=="))
        return "Signature has expired" if claims["exp"] <= self.clock() else ""

    def _tokens(self, seen: Seen) -> Reply:
        if seen.headers.get("Content-Type") != "application/json":
            return self._say(400, "not JSON", status="error")
        body = json.loads(seen.body)
        kind, _, text = seen.headers.get("Authorization", "").partition(" ")
        client = b64decode(text).decode() if kind == "Basic" else ""
        with self.lock:
            self.grants.append({**body, "client": client})
            if client not in ("", f"{CLIENT}:{KEY}"):
                return self._say(401, "Invalid client credentials.", status="error")
            if body["grant_type"] == "refresh_token":
                good = client and body["refresh_token"] in self._live
                self._live.discard(body["refresh_token"])
            else:
                good = (body["username"], body["password"]) == (USER, PASSWORD)
            if not good:
                return self._say(401, "Invalid username/password combination.", status="error")
            result = {"access_token": self._told("access", "access_token")}
            if client:
                result["refresh_token"] = self._told("refresh", "refresh_token")
                self._live.add(result["refresh_token"]["refresh_token"])
        return self._say(201, "Token created successfully.", result)

    def _told(self, kind: str, name: str) -> dict[str, Any]:
        expiry = datetime.fromtimestamp(self.clock() + self.lifetime_s, timezone.utc)
        times = {"expires_in": self.lifetime_s, "expires_at": expiry.isoformat(), "jti": "x"}
        return {name: self.token(kind), **(times if self.dated else {})}

    def _say(
        self,
        code: int,
        message: str,
        result: Any = None,
        metadata: Any = None,
        status: str = "success",
    ) -> Reply:
        envelope = {
            "status": status,
            "message": message,
            "version": "1.6.0",
            "metadata": metadata or {},
            "result": result,
        }
        return Reply(code, json.dumps(envelope).encode())
