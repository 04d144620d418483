"""A page with a form that submits a job of an app, made of its inputs and parameters.

The fields are called as the inputs and parameters are, for agave-jobs ``JobRequestProcessor`` takes
those of a form from its top level. Hidden ones are left out: a job may not be given them.
"""

from __future__ import annotations

from html import escape
from typing import Any

from agavepy.sandbox.state.apps_definition import App


def page(app: App, action: str) -> str:
    """Return an HTML document whose form posts to ``action``, the address that takes jobs."""
    title = escape(f"{app['label'] or app['name']} {app['version']}")
    about = app["longDescription"] or app["shortDescription"]
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body>',
        f"<h1>{title}</h1>",
        *([f"<p>{escape(about)}</p>"] if about else []),
        f'<form method="post" action="{escape(action)}">',
        f'<input type="hidden" name="appId" value="{escape(app["id"])}">',
        '<p><label>Name of the job <input type="text" name="name" maxlength="64" required>'
        "</label></p>",
        *_group("Inputs", [_field(item, _input(item)) for item in _shown(app["inputs"])]),
        *_group(
            "Parameters", [_field(item, _parameter(item)) for item in _shown(app["parameters"])]
        ),
        '<p><button type="submit">Submit</button></p>',
        "</form></body></html>",
    ]
    return "\n".join(lines)


def _shown(items: list[App]) -> list[App]:
    visible = [item for item in items if item["value"]["visible"]]
    return sorted(visible, key=lambda item: int(item["value"]["order"]))


def _group(legend: str, fields: list[str]) -> list[str]:
    if not fields:
        return []
    return [f"<fieldset><legend>{legend}</legend>", *fields, "</fieldset>"]


def _field(item: App, control: str) -> str:
    details = item["details"]
    label = escape(str(details["label"] or item["id"]))
    about = f"<br><small>{escape(details['description'])}</small>" if details["description"] else ""
    return f"<p><label>{label} {control}</label>{about}</p>"


def _input(item: App) -> str:
    return _tag("input", type="text", **_common(item), value=_joined(item["value"]["default"]))


def _parameter(item: App) -> str:
    value = item["value"]
    default = value["default"]
    if value["type"] in {"bool", "flag"}:
        # Not `required`: that would demand that the box be ticked.
        return _tag("input", type="checkbox", name=item["id"], value="true", checked=bool(default))
    if value["type"] == "enumeration":
        return _select(item)
    if value["type"] == "number" and item["semantics"]["maxCardinality"] == 1:
        return _tag("input", type="number", step="any", **_common(item), value=_joined(default))
    return _tag("input", type="text", **_common(item), value=_joined(default))


def _select(item: App) -> str:
    default = item["value"]["default"]
    chosen = default if isinstance(default, list) else [default]
    several = item["semantics"]["maxCardinality"] != 1
    options = [
        _tag("option", value=value, selected=value in chosen) + f"{escape(label)}</option>"
        for choice in item["value"]["enum_values"]
        for value, label in choice.items()
    ]
    if default is None and not several:
        options.insert(0, '<option value=""></option>')
    start = _tag("select", name=item["id"], multiple=several, required=item["value"]["required"])
    return f"{start}{''.join(options)}</select>"


def _common(item: App) -> dict[str, Any]:
    validator = item["value"]["validator"]
    return {
        "name": item["id"],
        "required": item["value"]["required"],
        "title": f"Must match {validator}" if validator else None,
    }


def _joined(default: Any) -> str | None:
    """Return a default as text; several values have semicolons between them, as in a job."""
    if default is None:
        return None
    return ";".join(map(str, default)) if isinstance(default, list) else str(default)


def _tag(name: str, /, **attributes: Any) -> str:
    """Return a start tag; attributes that are None or False go, True ones have no value."""
    text = ""
    for key, value in attributes.items():
        if value is True:
            text += f" {key}"
        elif value is not None and value is not False:
            text += f' {key}="{escape(str(value))}"'
    return f"<{name}{text}>"
