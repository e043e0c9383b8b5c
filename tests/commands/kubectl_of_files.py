"""A kubectl whose cluster is the working directory, with one JSON manifest per object.

It knows what the commands of fixes call: get, replace, create, patch, label, annotate, scale and
delete. An object that is not there, and one that is when it is to be made, is an error.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

Object = dict[str, Any]
_MARKS = {"label": "labels", "annotate": "annotations"}
_OPTIONS = ("namespace", "output", "patch", "filename", "field-selector", "replicas", "selector")


def main(verb: str, words: list[str]) -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in (*_OPTIONS, "min-available", "from-file"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--type", choices=["merge"])
    parser.add_argument("--all-namespaces", action="store_true")
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("names", nargs="*")
    given = parser.parse_intermixed_args(words)
    if given.filename:
        for each in _documents(sys.stdin.read()):
            _write(each, is_new=verb == "create")
    elif verb == "get" and len(given.names) == 1:
        name = given.field_selector.removeprefix("metadata.name=")
        kinds = given.names[0].split(",")
        _say({"kind": "List", "items": [o for kind in kinds for _, o in _find(kind, name, "")]})
    elif verb != "create":
        _change(verb, given)


def _change(verb: str, given: argparse.Namespace) -> None:
    path, there = _one(given.names[0], given.names[1], given.namespace)
    if verb == "get":
        _say(there)
        return
    if verb == "delete":
        path.unlink()
        return
    if verb == "patch":
        there = merged(there, json.loads(given.patch))
    elif verb == "scale":
        there["spec"]["replicas"] = int(given.replicas)
    else:
        marks = there["metadata"].setdefault(_MARKS[verb], {})
        for mark in given.names[2:]:
            key, _, value = mark.removesuffix("-").partition("=")
            marks.pop(key, None)
            if not mark.endswith("-"):
                marks[key] = value
    path.write_text(json.dumps(there), "utf-8")


def merged(there: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(there) if isinstance(there, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _find(kind: str, name: str, namespace: str) -> list[tuple[Path, Object]]:
    wanted = kind.partition(".")[0].lower()
    found = []
    for path in sorted(Path().glob("*.json")):
        each = json.loads(path.read_text("utf-8"))
        is_kind = each["kind"].lower() in (wanted, wanted.removesuffix("s"))
        is_name = not name or each["metadata"]["name"] == name
        if is_kind and is_name and namespace in ("", each["metadata"].get("namespace", namespace)):
            found.append((path, each))
    return found


def _one(kind: str, name: str, namespace: str) -> tuple[Path, Object]:
    found = _find(kind, name, namespace)
    if len(found) != 1:
        raise SystemExit(f"{len(found)} of {kind} {namespace}/{name}")
    return found[0]


def _documents(text: str) -> list[Object]:
    decoder, rest, result = json.JSONDecoder(), text.strip(), []
    if not rest:
        raise SystemExit("no objects passed")
    while rest:
        each, end = decoder.raw_decode(rest)
        result.append(each)
        rest = rest[end:].strip()
    return result


def _write(each: Object, *, is_new: bool) -> None:
    name, namespace = each["metadata"]["name"], each["metadata"].get("namespace", "")
    found = _find(each["kind"], name, namespace)
    if is_new == bool(found):
        raise SystemExit(f"{each['kind']} {name}: {len(found)} are there")
    path = found[0][0] if found else Path(f"made-{len(list(Path().glob('*.json')))}.json")
    path.write_text(json.dumps(each), "utf-8")


def _say(value: Object) -> None:
    sys.stdout.write(json.dumps(value))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
