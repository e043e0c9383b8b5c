"""Whether a value of Python source comes from outside: by a network, out of an upload."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.collect.located.located import Node
from mlsec.collect.python.call import Call, CallResult, NamedValue
from mlsec.core.regex import regex

_DEPTH = 12
_ADDRESS = regex(r"(?i)(?:https?|ftp|s3|s3a|gs|hf|az|abfss?|wasbs?|adl|dbfs|hdfs)://")
# Calls that fetch: what they give comes from elsewhere. A name that ends in a dot is a prefix.
_FETCHES = (
    "requests.", "httpx.", "aiohttp.", "urllib.request.", "urllib3.", "wget.download",
    "gdown.download", "huggingface_hub.hf_hub_download", "huggingface_hub.snapshot_download",
    "huggingface_hub.cached_download", "cached_path.cached_path", "pooch.retrieve",
    "tensorflow.keras.utils.get_file", "keras.utils.get_file",
    "torch.hub.download_url_to_file", "torch.hub.load_state_dict_from_url",
    "torch.utils.model_zoo.load_url", "fastapi.UploadFile", "starlette.datastructures.UploadFile",
    "fastapi.File", "fastapi.Body", "fastapi.Request", "starlette.requests.Request",
    "streamlit.file_uploader", "socket.", "redis.", "boto3.client().get_object",
    "boto3.resource().Object().get", "boto3.resource().Bucket().Object().get",
    "google.cloud.storage.", "azure.storage.blob.", "kafka.", "pika.", "zmq.", "flask.request.",
    "s3fs.", "gcsfs.", "minio.Minio", "websockets.", "paho.mqtt.", "modelscope.snapshot_download",
)  # fmt: skip
# Calls that give what their first argument is, in another form.
_PASSES_ON = (
    "open", "io.BytesIO", "io.StringIO", "BytesIO", "gzip.", "bz2.", "lzma.", "zlib.", "zipfile.",
    "base64.", "codecs.", "smart_open.", "fsspec.", "pathlib.Path", "str", "bytes", "bytearray",
    "memoryview", "tarfile.", "binascii.", "aiofiles.", "tensorflow.io.gfile.", "builtins.open",
    "io.open", "os.path.join", "numpy.frombuffer", "pickle.loads", "joblib.load",
)  # fmt: skip
# Calls that write what they fetch to a path: position and keyword of that path.
_WRITES = {
    "download_file": (2, "Filename"),
    "download_fileobj": (2, "Fileobj"),
    "fget_object": (2, "file_path"),
    "urlretrieve": (1, "filename"),
    "download_to_filename": (0, "filename"),
    "download_url_to_file": (1, "dst"),
    "wget.download": (1, "out"),
    "gdown.download": (1, "output"),
    "download_blob_to_file": (1, "filename"),
}


# Calls that write a file of the program's own: position of its path.
_OWN = {
    "open": 0, "joblib.dump": 1, "torch.save": 1, "numpy.save": 0, ".to_pickle": 0,
}  # fmt: skip


def fetched_paths(calls: Iterable[Call]) -> frozenset[str]:
    """Give the paths to which the calls of a file write what they fetch."""
    paths: set[str] = set()
    for call in calls:
        spot = next((_WRITES[end] for end in _WRITES if call.name.endswith(end)), None)
        node = call.argument(spot[1], spot[0]) if spot is not None else None
        if node is not None and (text := _text(node)):
            paths.add(text)
    return frozenset(paths)


def written_paths(calls: Iterable[Call]) -> frozenset[tuple[str, str]]:
    """Give the paths that a file itself writes; one that is not known, with its function."""
    paths: set[tuple[str, str]] = set()
    for call in calls:
        at = next((n for end, n in _OWN.items() if call.name.endswith(end)), None)
        if at is None or at >= len(call.args):
            continue
        if call.name == "open":
            mode = call.argument("mode", 1)
            if mode is None or not isinstance(mode.value, str) or "w" not in mode.value:
                continue
        paths.add(_own(call, call.args[at]))
    return frozenset(paths)


def writes_own(name: str) -> bool:
    """Whether a call of this name may write a file."""
    return name.endswith(tuple(_OWN))


def is_own(call: Call, written: frozenset[tuple[str, str]]) -> bool:
    """Whether a call reads a path that the same file writes."""
    node = call.args[0] if call.args else None
    for _ in range(_DEPTH):
        value = node.value if node is not None else None
        if not isinstance(value, CallResult) or not _is_of(value.call.name, _PASSES_ON):
            break
        node = value.call.args[0] if value.call.args else None
    return node is not None and bool(_text(node)) and _own(call, node) in written


def _own(call: Call, node: Node) -> tuple[str, str]:
    return ("" if isinstance(node.value, str) else call.function, _text(node))


def writes_fetched(name: str) -> bool:
    """Whether a call of this name writes what it fetches to a path."""
    return name.endswith(tuple(_WRITES))


def is_outside(node: Node | None, fetched: frozenset[str], depth: int = 0) -> bool | None:
    """Whether a value comes from outside; None where the file does not say."""
    if node is None or depth > _DEPTH:
        return None
    value = node.value
    if isinstance(value, str):
        return bool(_ADDRESS.match(value)) or value in fetched
    if isinstance(value, CallResult):
        return _by_call(value.call, fetched, depth)
    if isinstance(value, NamedValue):
        return True if _is_of(value.name, _FETCHES) else None
    text = _text(node)
    if text.startswith(("./", "../")):
        return False
    return True if text and (_ADDRESS.match(text) or text in fetched) else None


def _by_call(call: Call, fetched: frozenset[str], depth: int) -> bool | None:
    if _is_of(call.name, _FETCHES):
        return True
    if _is_of(call.name, _PASSES_ON) and call.args:
        return is_outside(call.args[0], fetched, depth + 1)
    if call.on is not None:
        return _by_call(call.on, fetched, depth + 1)
    return None


def _is_of(name: str, table: tuple[str, ...]) -> bool:
    """Whether a name is in a table, or begins with an entry of it."""
    return any(
        name.startswith(entry)
        and (entry.endswith(".") or name == entry or name[len(entry)] in ".([")
        for entry in table
    )


def _text(node: Node) -> str:
    """Give a text, or the words for one that is not known."""
    value = node.value
    return value if isinstance(value, str) else str(getattr(value, "text", ""))
