"""Tensors of torch that reach beyond the storage they are made over."""

from __future__ import annotations

from mlsec.artifacts.pickle.vm.values import CallResult, Global, Value

_REBUILDERS = frozenset({"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"})
_MOST = 1 << 62


def beyond_storage(function: Global, arguments: Value) -> str:
    """Say how far a tensor reaches beyond its storage; "" where it does not, or is not known.

    Source: ``torch._utils``: storage, offset, size and stride, counted in elements.
    """
    if function.name not in _REBUILDERS or function.module != "torch._utils":
        return ""
    if not isinstance(arguments, tuple) or len(arguments) < 4:
        return ""
    storage, offset, size, stride = arguments[:4]
    elements = _elements(storage)
    if elements < 0 or type(offset) is not int or not (_are_whole(size) and _are_whole(stride)):
        return ""
    if offset < 0 or any(axis < 0 for axis in (*size, *stride)) or len(size) != len(stride):
        return f"a tensor at {offset} of size {size!r:.60} and strides {stride!r:.60}"
    if 0 in size:
        return ""
    last = offset + sum((axis - 1) * step for axis, step in zip(size, stride, strict=True))
    if last < elements:
        return ""
    return f"a tensor up to element {min(last, _MOST)} of a storage of {elements}"


def _elements(storage: Value) -> int:
    identity = storage.arguments if isinstance(storage, CallResult) else None
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        return -1
    return identity[4] if type(identity[4]) is int else -1


def _are_whole(values: Value) -> bool:
    return isinstance(values, tuple) and all(type(value) is int for value in values)
