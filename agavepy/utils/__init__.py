"""Functions of agavepy 0.9 for cached logins and for answers of servers."""

from __future__ import annotations

from agavepy.utils.load_configs import load_config
from agavepy.utils.response_handlers import AgaveAPICallError, handle_bad_response_status_code
from agavepy.utils.save_configs import save_config

__all__ = ["AgaveAPICallError", "handle_bad_response_status_code", "load_config", "save_config"]
