"""The callbacks of a job: shell commands in its script that tell the runner of events.

A real server puts ``curl`` commands there, which call the API back. Here the commands write their
arguments to a file below the state directory and its name into a pipe that the runner reads: it
works without a network, without a token, and in the order in which the job calls.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

_COMMAND = """\
#!/bin/sh
# Tells the sandbox of an event of this job. Arguments: the event, then NAME=value of variables.
# A bare NAME stands for the environment variable of that name.
message=$(mktemp {messages}/XXXXXXXX) || exit 1
{{
    printf '%s\\0' "$1"
    shift
    for item; do
        case $item in
            *=*) ;;
            *) item="$item=$(printenv "$item")" ;;
        esac
        printf '%s\\0' "$item"
    done
}} > "$message" && echo "$message" > {pipe}
"""
_END = "end"


class Callbacks:
    """Reads what a job tells; ``heard(event, variables)`` is called for each, one after the other.

    ``folder`` is where commands, pipe and messages are; it is made anew.
    """

    def __init__(self, folder: Path, heard: Callable[[str, dict[str, str]], None]) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "messages").mkdir(parents=True)
        self._pipe = folder / "pipe"
        os.mkfifo(self._pipe, 0o600)
        self._program = folder / "callback"
        self._program.write_text(
            _COMMAND.format(
                messages=shlex.quote(str(folder / "messages")), pipe=shlex.quote(str(self._pipe))
            )
        )
        self._folder = folder
        self._heard = heard
        # Open for both directions: neither end ever waits for the other to open it.
        self._handle = os.open(self._pipe, os.O_RDWR)
        self._thread = threading.Thread(target=self._listen, name="agavepy-callbacks", daemon=True)
        self._thread.start()

    def command(self, event: str, variables: str = "") -> str:
        """Return the shell command that tells of ``event``.

        ``variables`` are the names of shell variables whose values go with it, with commas
        between; further names may follow the command.
        """
        given = "".join(f' "{name}=${{{name}}}"' for name in re.findall(r"\w+", variables))
        return f"/bin/sh {shlex.quote(str(self._program))} {event}{given}"

    def close(self) -> None:
        """Return when everything that was told before has been heard; remove the folder."""
        os.write(self._handle, f"{_END}\n".encode())
        self._thread.join()
        os.close(self._handle)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        with os.fdopen(os.dup(self._handle), "r", encoding="utf-8") as pipe:
            for line in pipe:
                name = line.rstrip("\n")
                if name == _END:
                    return
                message = Path(name)
                if message.parent != self._folder / "messages":
                    continue  # the job itself wrote into the pipe
                with contextlib.suppress(FileNotFoundError):
                    parts = message.read_text(errors="replace").split("\0")[:-1]
                    message.unlink()
                    if parts:
                        pairs = (part.partition("=") for part in parts[1:])
                        self._heard(parts[0], {name: value for name, _, value in pairs})


def unheard(_event: str, _names: str) -> str:
    """Return the shell command of a callback that nobody hears; as :meth:`Callbacks.command`."""
    return ":"
