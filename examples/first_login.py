"""A first login at a terminal: tenant, OAuth client, token, and a process that goes on with it.

Usage: python first_login.py           asks for the tenant, your username and password
       python first_login.py again     goes on with the login that the first run has saved
"""

from __future__ import annotations

import subprocess
import sys

from agavepy import Agave


def first() -> None:
    ag = Agave()  # prints the tenants and asks for one
    print(f"{ag.tenant_id} is at {ag.api_server}")

    made = ag.clients_create(description="made by first_login.py")  # asks for name and password
    print(f"OAuth client {made['client_name']}, its key begins with {ag.api_key[:4]}")

    ag.get_access_token()  # asks for the password again: nothing has kept it
    info = ag.token.token_info
    print(
        f"a {info['token_type']} token, good for {info['expires_in']} s, until {info['expires_at']}"
    )
    print(f"the profile of {ag.profiles.get().username}, read with that token")

    ag.save_configs()
    subprocess.run([sys.executable, __file__, "again"], check=True)


def again() -> None:
    ag = Agave.restore()
    before = str(ag.token)
    ag.refresh()  # by the refresh token: no password is asked for
    print(f"{ag.username} goes on with {'another' if ag.token != before else 'the same'} token")
    system = ag.systems.list(type="STORAGE", default=True)[0].id
    ag.files_list(f"{system}/{ag.username}")


if __name__ == "__main__":
    if sys.argv[1:] == ["again"]:
        again()
    else:
        first()
