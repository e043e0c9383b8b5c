"""Calls that fetch a model or data from a hub: which revision, and whether its code is run."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.collect.hubs.names import begins_as_path, is_commit, is_on_hub
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult, ChoiceValue
from mlsec.collect.python.texts import options_of

# Names of datasets that are readers of files on disk.
_READERS = frozenset({
    "csv", "json", "parquet", "text", "arrow", "pandas", "xml", "webdataset", "sql",
})  # fmt: skip
_READER_ENDS = ("folder",)
# Class or function -> keyword of what is fetched; all of them take revision=.
_BY_NAME = {
    "huggingface_hub.hf_hub_download": "repo_id",
    "huggingface_hub.snapshot_download": "repo_id",
    "datasets.load_dataset": "path",
    "sentence_transformers.SentenceTransformer": "model_name_or_path",
    "sentence_transformers.CrossEncoder": "model_name",
    "vllm.LLM": "model",
}
_PIPELINE = "transformers.pipeline"
_TORCH_HUB = "torch.hub.load"
TRUST = "trust_remote_code"


# A variable's method, and SDKs whose method names a model that stays with the service.
_OF_SERVICES = (".", "vertexai.", "google.cloud.")


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """One call that fetches from a hub.

    ``source`` is what it fetches, "" where the file does not name it; ``is_pinned`` is None where
    it does not say the revision, and ``why`` says why: without one no source is pinned.
    ``runs_code``: code that comes with it is run.
    """

    call: Call
    source: str = ""
    is_pinned: bool | None = False
    why: str = ""
    runs_code: bool = False

    @property
    def pinned(self) -> str:
        """Whether code that comes with it is that of a commit, in the words of the vocabulary."""
        if self.is_pinned is None or not (self.is_pinned or self.source):
            return "not known"
        return "commit" if self.is_pinned else "no"


def is_hub_call(name: str) -> bool:
    """Whether a call of this name may fetch from a hub."""
    is_method = name.endswith(".from_pretrained") and not name.startswith(_OF_SERVICES)
    return is_method or name in _BY_NAME or name in (_PIPELINE, _TORCH_HUB)


def saved_paths(calls: Iterable[Call]) -> frozenset[str]:
    """Give the folders to which a file itself saves a model."""
    ends = (".save_pretrained", ".save_model", ".save", ".save_to_disk")
    nodes = (call.args[0] for call in calls if call.name.endswith(ends) and call.args)
    return frozenset(text for node in nodes if (text := _words(node)))


def fetches_of(calls: Iterable[Call], saved: frozenset[str]) -> list[Fetch]:
    """Give the calls that fetch from a hub, or run code that comes from one."""
    made = (_fetch(call, saved) for call in calls)
    return [item for item in made if item is not None]


def _fetch(call: Call, saved: frozenset[str]) -> Fetch | None:
    trusts = call.kwargs.get(TRUST)
    runs_code = trusts is not None and trusts.value is True
    if call.name == _TORCH_HUB:
        return _torch_hub(call)
    if not is_hub_call(call.name) and not runs_code:
        return None
    source = _source(call)
    if _is_local(call, source, saved):
        return None
    if source is None and not runs_code:
        return None
    is_pinned, why = _pinned(call)
    return Fetch(
        call=call,
        source=_named(call, source, saved),
        is_pinned=is_pinned,
        why=why,
        runs_code=runs_code,
    )


def _named(call: Call, source: Node | None, saved: frozenset[str]) -> str:
    """Name what is fetched, or the first of what may be; "" where the file does not name it."""
    options = options_of(source) if source is not None else ()
    fetched = (node.value for node in options if not _is_local(call, node, saved))
    return next((name for name in fetched if isinstance(name, str)), "")


def _torch_hub(call: Call) -> Fetch | None:
    """A repository of GitHub, whose hubconf.py is run; with source="local" a folder."""
    where = call.argument("source")
    if where is not None and where.value == "local":
        return None
    source = call.argument("repo_or_dir", 0)
    if source is None or not isinstance(source.value, str):
        why = getattr(source.value, "why", "") if source is not None else ""
        return Fetch(call=call, is_pinned=None, why=why, runs_code=True)
    _, _, ref = source.value.partition(":")
    is_pinned = is_commit(ref)
    return Fetch(call=call, source=source.value, is_pinned=is_pinned, runs_code=True)


def _source(call: Call) -> Node | None:
    if call.name == _PIPELINE:
        node = call.argument("model", 1)
        return node if node is not None and node.value is not None else None
    keyword = _BY_NAME.get(call.name, "pretrained_model_name_or_path")
    node = call.argument(keyword, 0)
    return node if node is not None else call.kwargs.get("model_name")


def _is_local(call: Call, source: Node | None, saved: frozenset[str]) -> bool:
    only_local = call.argument("local_files_only")
    if only_local is not None and only_local.value is True:
        return True
    if source is None:
        return False
    if isinstance(source.value, CallResult):
        # What another call fetched or made: that call is judged.
        return is_hub_call(source.value.call.name) or call.name == _PIPELINE
    if _words(source) in saved:
        return True
    name = source.value
    if isinstance(name, ChoiceValue):
        return not name.is_open and all(_is_local(call, item, saved) for item in name.options)
    if not isinstance(name, str):
        return begins_as_path(_words(source).partition("‹")[0])
    if call.name == "datasets.load_dataset" and (name in _READERS or name.endswith(_READER_ENDS)):
        return True
    return not is_on_hub(name)


def _pinned(call: Call) -> tuple[bool | None, str]:
    node = call.argument("revision")
    if node is None or node.value is None:
        return False, ""
    if isinstance(node.value, UnknownValue):
        return None, node.value.why
    return is_commit(str(node.value)), ""


def _words(node: Node) -> str:
    value = node.value
    return value if isinstance(value, str) else str(getattr(value, "text", ""))
