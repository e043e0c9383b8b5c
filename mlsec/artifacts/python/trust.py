"""Code of a remote repository that a program runs: the owner of the repository controls it."""

from __future__ import annotations

import ast

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.python.flows import Flows
from mlsec.artifacts.python.pure import UnfoldableError
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

_TRUSTING = ("trust_remote_code", "trust_repo")
# Parameters that name the repository where it is not the first argument.
_NAMING = (
    "pretrained_model_name_or_path", "model", "model_name_or_path", "model_id", "model_name",
    "repo_id", "repo_or_dir", "name_or_path", "tokenizer", "path",
)  # fmt: skip
_REPOSITORY = regex(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}(?::[\w.-]{1,96})?\Z")
# The code under a full commit hash cannot be replaced.
_COMMIT = regex(r"(?:.*:)?[0-9a-f]{40}\Z")


def judge_trust(node: ast.Call, flows: Flows, record: Recorder) -> None:
    """Note that a call has code of a repository run; one that is pinned by commit is mild."""
    given = _given(node, flows)
    trusting = [name for name in _TRUSTING if name in given and _is_true(given[name], flows)]
    if not trusting:
        return
    places = [*node.args[:1], *(given[name] for name in _NAMING if name in given)]
    texts = [text for place in places for text in flows.scope.texts_of(place)]
    named = [text for text in texts if _REPOSITORY.match(text)]
    if not named:
        return
    pinned = [text for text in _texts(given.get("revision"), flows) if _COMMIT.match(text)]
    is_pinned = bool(pinned) or all(_COMMIT.match(text) for text in named)
    detail = f"has code of another repository run ({trusting[0]}, line {node.lineno})"
    if is_pinned:
        detail = f"{detail}, as it was at a commit"
    record.fact(
        FactKind.REMOTE_CODE_TRUSTED, named[0], detail,
        danger=Severity.LOW if is_pinned else Severity.MEDIUM,
    )  # fmt: skip


def _given(node: ast.Call, flows: Flows) -> dict[str, ast.expr]:
    """What a call is given by name, also by a table of names that is written out elsewhere."""
    result = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    for keyword in node.keywords:
        if keyword.arg is None:
            for part in flows.parts(keyword.value):
                for name, value in _entries(part, flows):
                    result.setdefault(name, value)
    return result


def _entries(part: ast.expr, flows: Flows) -> list[tuple[str, ast.expr]]:
    if isinstance(part, ast.Dict):
        pairs = ((key, value) for key, value in zip(part.keys, part.values, strict=True) if key)
        return [(text, value) for key, value in pairs for text in flows.scope.texts_of(key)]
    if isinstance(part, ast.Call) and any(
        name.name == "builtins.dict" for name in flows.scope.names_of(part.func)
    ):
        return [(keyword.arg, keyword.value) for keyword in part.keywords if keyword.arg]
    return []


def _is_true(value: ast.expr, flows: Flows) -> bool:
    try:
        return flows.folder.value(value) is True
    except UnfoldableError:
        return False


def _texts(value: ast.expr | None, flows: Flows) -> tuple[str, ...]:
    return flows.scope.texts_of(value) if value is not None else ()
