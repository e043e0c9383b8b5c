"""Calls of JavaScript that fetch from a hub of models: what, and at which revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.hubs.names import begins_as_path, is_commit, is_on_hub
from mlsec.collect.javascript.calls import JavaScriptModule
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, ChoiceValue
from mlsec.collect.python.texts import options_of

_LIBRARY = "transformers.js"
_HUB = "@huggingface/hub"
_DOWNLOADS = ("downloadFile", "snapshotDownload", "downloadFileToCacheDir")
_EMBEDDINGS = ("langchain.HuggingFaceTransformersEmbeddings",)
# What the embeddings of LangChain fetch where nobody names a model.
_EMBEDDED = "Xenova/all-MiniLM-L6-v2"
_KINDS = ("models/", "datasets/", "spaces/")
_NOTHING = Node(None)


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """One call that fetches; ``source`` is "" where the file does not name it.

    ``is_pinned`` is None where the file does not say the revision, and ``why`` says why.
    """

    call: Call
    source: str
    is_pinned: bool | None
    why: str = ""


def fetches_of(module: JavaScriptModule) -> list[Fetch]:
    """Give the calls that fetch from a hub; what is only read from disk is left out."""
    is_offline = any(
        node.value is False
        for name in module.names_of(f"{_LIBRARY}.env")
        for node in module.set_to(f"{name}.allowRemoteModels")
    )
    made = [_fetch(call, is_offline=is_offline) for call in module.calls()]
    return [item for item in made if item is not None]


def _fetch(call: Call, *, is_offline: bool) -> Fetch | None:
    asked = _asked(call, is_offline=is_offline)
    if asked is None:
        return None
    source, options = asked
    only_local = options.get("local_files_only")
    is_on_disk = only_local is not None and only_local.value is True
    if source.value is None or is_on_disk or _is_local(source):
        return None
    names = (node.value for node in options_of(source) if not _is_local(node))
    name = next((name for name in names if isinstance(name, str)), "")
    is_pinned, why = _pinned(options)
    return Fetch(call=call, source=name, is_pinned=is_pinned, why=why)


def _asked(call: Call, *, is_offline: bool) -> tuple[Node, Node] | None:
    """Give what a call fetches, and its options; None for a call that fetches nothing."""
    args = [*call.args, _NOTHING, _NOTHING, _NOTHING]
    library, _, method = call.name.rpartition(".")
    if library == _HUB and method in _DOWNLOADS:
        repository = args[0].get("repo") or _NOTHING
        if isinstance(repository.value, Mapping):
            repository = repository.get("name") or _NOTHING
        return _without_kind(repository), args[0]
    if call.name in _EMBEDDINGS:
        named = args[0].get("model") or args[0].get("modelName") or Node(_EMBEDDED)
        return named, args[0].get("pretrainedOptions") or _NOTHING
    if not call.name.startswith(f"{_LIBRARY}.") or is_offline:
        return None
    if call.name == f"{_LIBRARY}.pipeline":
        return args[1], args[2]
    return (args[0], args[1]) if method == "from_pretrained" else None


def _without_kind(node: Node) -> Node:
    if not isinstance(node.value, str):
        return node
    kind = next((kind for kind in _KINDS if node.value.startswith(kind)), "")
    return Node(node.value.removeprefix(kind), node.line, node.column)


def _is_local(source: Node) -> bool:
    value: Any = source.value
    if isinstance(value, ChoiceValue):
        return not value.is_open and all(_is_local(item) for item in value.options)
    if isinstance(value, UnknownValue):
        return begins_as_path(value.text.partition("‹")[0])
    return not (isinstance(value, str) and is_on_hub(value))


def _pinned(options: Node) -> tuple[bool | None, str]:
    if isinstance(options.value, UnknownValue):
        return None, options.value.why
    node = options.get("revision")
    if node is None or node.value is None:
        return False, ""
    if isinstance(node.value, UnknownValue):
        return None, node.value.why
    return is_commit(str(node.value)), ""
