"""Objects that joblib keeps in files of their own: it opens the file that their state names."""

from __future__ import annotations

from mlsec.artifacts.pickle.policy.names import class_of
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Value

_WRAPPERS = frozenset(("NDArrayWrapper", "ZNDArrayWrapper"))


def file_outside(target: Value, state: Value) -> str:
    """What is wrong with the file name of joblib's old wrappers of arrays; "" for nothing.

    joblib joins it to the folder of the pickle, which a rooted name or ``..`` leaves; it wrote
    bare names only.
    """
    function = class_of(target)
    if type(function) is not Global or function.name not in _WRAPPERS:
        return ""
    if "joblib" not in function.module.split("."):
        return ""
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, CallResult):
            return "a file whose name is not written out is opened when it is loaded"
        if not isinstance(part, Container) or part.kind != "dict":
            continue
        name = part.mapping().get("filename")
        if name is None and not part.is_partial:
            continue
        if not isinstance(name, str):
            return "a file whose name is not written out is opened when it is loaded"
        if "/" in name or "\\" in name or ":" in name or name.startswith("."):
            return f"opens a file outside its folder when it is loaded: {name[:80]}"
    return ""
