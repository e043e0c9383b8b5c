"""The JavaScript of a target: what its files fetch from hubs of models, and hold of secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.javascript.calls import JavaScriptModule
from mlsec.collect.javascript.syntax import can_parse
from mlsec.collect.secrets.in_code import masked_lines
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import LimitError
from mlsec.core.resource import Resource
from mlsec.iac.javascript.hub import Fetch, fetches_of

TYPE = "code.javascript"
_MISSING = "the parser of TypeScript is not installed: mlsec doctor names the command"
_PINNED = "hub_downloads[].is_pinned"
# So many calls of a file are listed; the finding is one all the same.
_MOST = 50


def read(scope: CodeScope) -> Declared:
    """Give the files that fetch something, or hold a secret."""
    made = [_resource(scope, file) for file in scope.written_in(Language.JAVASCRIPT)]
    return Declared(resources=tuple(item for item in made if item is not None))


def _resource(scope: CodeScope, file: CodeFile) -> Resource | None:
    scope.take(file)
    fetches = _fetches(scope, file)[:_MOST]
    secrets = list(masked_lines(file.text))[:_MOST]
    if not (fetches or secrets):
        return None
    lines = [item.call.line for item in fetches] + [line for line, _ in secrets]
    scope.tally.add((TYPE, scope.name, ""), assessed=1)
    return Resource(
        id=f"{file.id}#javascript",
        type=TYPE,
        provider="code",
        scope=scope.name,
        name=file.shown,
        properties={
            "path": file.shown,
            "hub_downloads": [_download(item) for item in fetches],
            "secrets": [{"kind": kind, "what": f"line {line}: {kind}"} for line, kind in secrets],
        },
        unread=_unread(scope, file, fetches),
        origin=scope.origin(file, min(lines)),
        places=_places(file, fetches, secrets),
    )


def _fetches(scope: CodeScope, file: CodeFile) -> list[Fetch]:
    if not can_parse():
        scope.refuse(file, _MISSING, reason=GapReason.UNSUPPORTED)
        return []
    try:
        return fetches_of(JavaScriptModule(file.path, file.text))
    except LimitError as error:
        scope.refuse_error(file, error)
        return []


def _download(fetch: Fetch) -> dict[str, Any]:
    call = fetch.call
    shown = f"{call.name} of {fetch.source}" if fetch.source else call.name
    item = {"function": call.name, "source": fetch.source, "what": f"line {call.line}: {shown}"}
    return item if fetch.is_pinned is None else {**item, "is_pinned": fetch.is_pinned}


def _places(
    file: CodeFile, fetches: list[Fetch], secrets: list[tuple[int, str]]
) -> Mapping[str, str]:
    places = {f"hub_downloads[{index}]": f"{file.shown}:{item.call.line}:{item.call.column}"
              for index, item in enumerate(fetches)}  # fmt: skip
    places |= {f"secrets[{index}]": f"{file.shown}:{line}:1"
               for index, (line, _) in enumerate(secrets)}  # fmt: skip
    return places


def _unread(
    scope: CodeScope, file: CodeFile, fetches: list[Fetch]
) -> Mapping[str, tuple[str, ...]]:
    """Say why the revision of a fetch is not known: one says it for all of the file."""
    hidden = next((item for item in fetches if item.is_pinned is None), None)
    if hidden is None:
        return {}
    gap = make_gap(
        scope=scope.name,
        subject=f"{file.id}:{hidden.call.line}",
        wanted=_PINNED,
        reason=GapReason.UNRESOLVED,
        detail=f"line {hidden.call.line}: {hidden.why}",
    )
    scope.tally.gaps[gap.id] = gap
    return {_PINNED: (gap.id,), "hub_downloads[]": (gap.id,)}
