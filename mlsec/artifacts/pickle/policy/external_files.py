"""Objects whose state names files that are opened, written or removed when they are loaded."""

from __future__ import annotations

from mlsec.artifacts.pickle.policy.names import class_of
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Value
from mlsec.core.regex import regex

_WRAPPERS = frozenset(("NDArrayWrapper", "ZNDArrayWrapper"))
_RESOURCE = "sklearn_crfsuite._fileresource.FileResource"
_NOT_WRITTEN_OUT = "a file whose name is not written out is opened when it is loaded"
_PART_OF_A_NAME = regex(r"[\w.-]{0,80}\Z")


def file_outside(target: Value, state: Value) -> str:
    """What is wrong with the files that the state of an object names; "" for nothing."""
    function = class_of(target)
    if type(function) is not Global:
        return ""
    if function.full == _RESOURCE:
        return _of_resource(state)
    if function.name in _WRAPPERS and "joblib" in function.module.split("."):
        return _of_wrapper(state)
    return ""


def _of_wrapper(state: Value) -> str:
    """Of joblib's old wrappers of arrays: joblib joins the name to the folder of the pickle.

    A rooted name or ``..`` leaves it; joblib wrote bare names only.
    """
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, CallResult):
            return _NOT_WRITTEN_OUT
        if not isinstance(part, Container) or part.kind != "dict":
            continue
        name = part.mapping().get("filename")
        if name is None and not part.is_partial:
            continue
        if not isinstance(name, str):
            return _NOT_WRITTEN_OUT
        if "/" in name or "\\" in name or ":" in name or name.startswith("."):
            return f"opens a file outside its folder when it is loaded: {name[:80]}"
    return ""


def _of_resource(state: Value) -> str:
    """Of sklearn-crfsuite's own copy of a file: its content goes to a new temporary file.

    ``prefix`` and ``suffix`` become parts of that file's name, so a slash leads elsewhere; a file
    that is named, and marked as made by itself, is removed with the object.
    """
    if not isinstance(state, Container) or state.kind != "dict" or state.is_partial:
        return _NOT_WRITTEN_OUT
    values = state.mapping()
    for key in ("prefix", "suffix"):
        part = values.get(key, "")
        if not isinstance(part, str) or not _PART_OF_A_NAME.match(part):
            return f"writes a file outside the temporary folder when it is loaded: {part!s:.80}"
    if values.get("name") is not None and values.get("auto") is not False:
        return f"removes a file once it was loaded: {values['name']!s:.80}"
    return ""
