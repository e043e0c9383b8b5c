"""What well-known Terraform modules make of their inputs, read from rules/modules/**/*.yaml."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean

_KEYS = (
    "source", "git", "from", "below", "input", "required", "type", "not_null", "ignored", "local",
    "data", "module", "resource", "output", "left_out",
)  # fmt: skip
_VERSION = regex(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})\Z")
Release = tuple[int, int, int]


class ModuleAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """What one module declares in the releases from ``since`` to before ``below``.

    ``sources`` are the addresses it is called by, without version. ``inputs`` are the names of all
    inputs that it takes; one that is not among them is not understood. ``code`` is a module in
    Terraform's JSON syntax. It has the addresses of the real module's resources, and sets every
    argument of them that the tables in ``rules/mappings`` read. ``left_out`` says what else the
    module declares that would be judged, and by which inputs: by none, it declares it always.
    """

    sources: tuple[str, ...]
    since: Release
    below: Release
    inputs: tuple[str, ...]
    code: str
    left_out: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


def adapter_files(folder: Path) -> list[Path]:
    """Give every adapter below ``folder``, sorted."""
    return sorted(folder.rglob("*.yaml")) if folder.is_dir() else []


def load_adapters(folder: Path) -> Mapping[str, tuple[ModuleAdapter, ...]]:
    """Load every adapter below ``folder``, by the addresses that its module is called by.

    Raises:
        MlsecError: not strict YAML, an unknown key, or not a version.
    """
    result: dict[str, tuple[ModuleAdapter, ...]] = {}
    for path in adapter_files(folder):
        for adapter in _adapters_in(parse(path.read_text("utf-8"), str(path))):
            for source in adapter.sources:
                result[source] = (*result.get(source, ()), adapter)
    return result


def release_of(text: str) -> Release | None:
    """Give a version as three numbers, None for what is no released version."""
    match = _VERSION.match(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _adapters_in(document: Document) -> Iterator[ModuleAdapter]:
    several = document.value if isinstance(document.value, list) else [document.value]
    for at, raw in enumerate(several):
        here = (at,) if isinstance(document.value, list) else ()
        if not isinstance(raw, dict):
            raise MlsecError("expected a mapping", location=document.where(*here))
        for key in raw:
            if key not in _KEYS:
                hint = did_you_mean(key, _KEYS)
                raise MlsecError(f'unknown key "{key}"{hint}', location=document.where(*here, key))
        yield _adapter(document, here, raw)


def _adapter(document: Document, here: tuple[int, ...], raw: Mapping[str, Any]) -> ModuleAdapter:
    since, below = release_of(str(raw.get("from"))), release_of(str(raw.get("below")))
    if since is None or below is None or not raw.get("source"):
        raise MlsecError(
            'needs "source", and versions of three numbers as "from" and "below"',
            location=document.where(*here),
        )
    inputs: dict[str, Any] = raw.get("input") or {}
    required, not_null = raw.get("required") or [], raw.get("not_null") or []
    variables = {
        **{name: {"default": default} for name, default in inputs.items()},
        **{name: {} for name in required},
    }
    for name in not_null:
        variables[name] = {**variables[name], "nullable": False}
    for name, constraint in (raw.get("type") or {}).items():
        variables[name] = {**variables[name], "type": constraint}
    code = {
        "variable": variables,
        "locals": raw.get("local") or {},
        "output": {name: {"value": value} for name, value in (raw.get("output") or {}).items()},
        **{kind: raw[kind] for kind in ("data", "module", "resource") if kind in raw},
    }
    left_out: Mapping[str, list[str]] = raw.get("left_out") or {}
    source, git = str(raw["source"]), str(raw.get("git", ""))
    return ModuleAdapter(
        sources=(source, git) if git else (source,),
        since=since,
        below=below,
        inputs=tuple(
            sorted({*variables, *(raw.get("ignored") or []), *itertools.chain(*left_out.values())})
        ),
        code=msgspec.json.encode(code).decode(),
        left_out={what: tuple(by) for what, by in left_out.items()},
    )
