"""The app that a demo tenant starts with: ``wc-1.0`` counts the lines, words or bytes of a file."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.state import apps, apps_history, disk, systems, users
from agavepy.sandbox.state.apps_definition import normalise
from agavepy.sandbox.tenant import Tenant

_PATH = "/apps/wc-1.0"
_STORAGE, _EXECUTION = "sandbox.storage", "sandbox.exec"

#: The job's script: ``${file}`` and ``${mode}`` are replaced before it runs. The quoted
#: here-documents take any name as it is, with quotes and dollar signs too.
_WRAPPER = """\
#!/bin/sh
# Counts the lines, words or bytes of one file; prints the count and leaves it in count.txt.
set -eu

file=$(cat <<'END_OF_NAME'
${file}
END_OF_NAME
)
mode=$(cat <<'END_OF_MODE'
${mode}
END_OF_MODE
)

fail() {
    echo "$1" >&2
    ${AGAVE_JOB_CALLBACK_FAILURE}
    exit 1
}

case "$mode" in
    lines) option=-l ;;
    words) option=-w ;;
    bytes) option=-c ;;
    *) fail "mode must be lines, words or bytes, not $mode" ;;
esac

# Counted to the end before count.txt is opened: the file may have that name. The arithmetic takes
# away the blanks that wc puts before the number on some systems.
count=$(wc "$option" < "./$file") || fail "cannot count in $file"
echo $((count)) | tee count.txt
"""

_TEST = """\
#!/bin/sh
# Checks that this machine has what wrapper.sh needs.
set -eu
test "$(printf 'one two\\n' | wc -w | tr -d ' ')" = 2
echo ok
"""

_DEFINITION: dict[str, Any] = {
    "name": "wc",
    "version": "1.0",
    "label": "Word count",
    "shortDescription": "Counts the lines, words or bytes of a file",
    "longDescription": "Prints the number of lines, words or bytes of one file, and leaves it in "
    "count.txt.",
    "tags": ["text", "demo"],
    "executionSystem": _EXECUTION,
    "executionType": "CLI",
    "parallelism": "SERIAL",
    "defaultQueue": "normal",
    "defaultNodeCount": 1,
    "defaultProcessorsPerNode": 1,
    "defaultMemoryPerNode": 1,
    "defaultMaxRunTime": "01:00:00",
    "deploymentSystem": _STORAGE,
    "deploymentPath": _PATH,
    "templatePath": "wrapper.sh",
    "testPath": "test/test.sh",
    "inputs": [
        {
            "id": "file",
            "value": {"required": True, "order": 0},
            "details": {"label": "File", "description": "The file to count in"},
            "semantics": {"minCardinality": 1, "maxCardinality": 1, "fileTypes": ["text-0"]},
        }
    ],
    "parameters": [
        {
            "id": "mode",
            "value": {
                "type": "enumeration",
                "default": "lines",
                "order": 1,
                "enum_values": [{"lines": "Lines"}, {"words": "Words"}, {"bytes": "Bytes"}],
            },
            "details": {"label": "Mode", "description": "What to count"},
        }
    ],
    "outputs": [
        {
            "id": "count",
            "value": {"default": "count.txt"},
            "details": {"label": "Count", "description": "The number, in a file"},
        }
    ],
}


def seed(tenant: Tenant, names: list[str]) -> None:
    """Make ``wc-1.0`` and let the users ``names`` have apps of their own on ``sandbox.exec``."""
    storage, execution = (systems.find(tenant, name) for name in (_STORAGE, _EXECUTION))
    if storage is None or execution is None:
        raise LookupError(f"{_STORAGE} and {_EXECUTION} have to be there first")
    for path, script in (("wrapper.sh", _WRAPPER), ("test/test.sh", _TEST)):
        target = disk.real(tenant, storage, f"{_PATH}/{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        disk.write_stream(tenant, target, [script.encode()])
        target.chmod(0o755)
    owner = next((name for name in names if users.is_admin(tenant, name)), storage["owner"])
    app = apps.create(tenant, owner, normalise(_DEFINITION), isPublic=True)
    apps_history.note(tenant, app["id"], "CREATED", owner)
    execution["roles"].update({name: "PUBLISHER" for name in names if name != execution["owner"]})
    systems.save(
        tenant, execution, "ROLES_GRANT", owner, "The first users may have apps on the system"
    )
