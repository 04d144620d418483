"""Names and defaults that programs for agavepy 1.0 import: what the package itself goes by."""

from __future__ import annotations

from agavepy import config
from agavepy.auth import oauth, tenants

__all__ = [
    "AGPY_FILENAME",
    "BASE_URL",
    "CACHES_DOT_DIR",
    "CACHE_FILENAME",
    "DEFAULT_TENANTS_URL",
    "DEFAULT_TENANT_API_SERVER",
    "DEFAULT_TENANT_ID",
    "DEFAULT_VERIFY_SSL",
    "ENV_API_KEY",
    "ENV_API_SECRET",
    "ENV_BASE_URL",
    "ENV_DEFAULT_TENANT_ID",
    "ENV_DEFAULT_VERIFY_SSL",
    "ENV_PASSWORD",
    "ENV_REFRESH_TOKEN",
    "ENV_TENANTS_URL",
    "ENV_TENANT_ID",
    "ENV_TOKEN",
    "ENV_USERNAME",
    "PLATFORM",
    "SESSIONS_FILENAME",
    "SESSION_CACHE_DIRS",
    "TOKEN_SCOPE",
    "TOKEN_TTL",
]

PLATFORM = "Tapis"
BASE_URL = DEFAULT_TENANT_API_SERVER = config.CENTRAL_SERVER
DEFAULT_TENANTS_URL = tenants.default_url({})
DEFAULT_TENANT_ID = "tacc.prod"
DEFAULT_VERIFY_SSL = config.default_verify({})

ENV_USERNAME = config.VARIABLES["username"]
ENV_PASSWORD = config.VARIABLES["password"]
ENV_TOKEN = config.VARIABLES["token"]
ENV_REFRESH_TOKEN = config.VARIABLES["refresh_token"]
ENV_BASE_URL = config.VARIABLES["api_server"]
ENV_API_KEY = config.VARIABLES["api_key"]
ENV_API_SECRET = config.VARIABLES["api_secret"]
ENV_TENANT_ID = "TAPIS_TENANT_ID"
ENV_TENANTS_URL = config.TENANTS_VARIABLE
ENV_DEFAULT_TENANT_ID = "TAPIS_DEFAULT_TENANT_ID"
ENV_DEFAULT_VERIFY_SSL = config.VERIFY_VARIABLE

SESSION_CACHE_DIRS = config.DIRECTORY_VARIABLES
CACHES_DOT_DIR = config.DIRECTORY
AGPY_FILENAME = ".agpy"
CACHE_FILENAME = "current"
SESSIONS_FILENAME = "config.json"

TOKEN_SCOPE = oauth.SCOPE
#: Seconds that agavepy 1.0 reported at the most; a client goes by what the server says.
TOKEN_TTL = 3600
