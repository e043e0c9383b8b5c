"""Calls that load a format which can run code: what they load, and whether that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, NamedValue
from mlsec.iac.python.origins import is_outside, is_own

# torch.load reads only tensors by default from this release on.
_TORCH = "torch.load runs code unless weights_only is set, and from torch 2.6 on only where it is \
turned off: the installed release is not known"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One call that loads such a format.

    ``runs_code`` is None where that depends on what the file does not say: ``why`` says on what.
    ``is_outside`` is None where the file does not say where the data comes from.
    """

    call: Call
    runs_code: bool | None = True
    is_outside: bool | None = None
    why: str = ""


def _always(_call: Call) -> tuple[bool | None, str]:
    return True, ""


def _torch(call: Call) -> tuple[bool | None, str]:
    node = call.argument("weights_only")
    if node is None:
        return None, _TORCH
    return _unless(node, is_safe=True)


def _numpy(call: Call) -> tuple[bool | None, str]:
    node = call.argument("allow_pickle", 2)
    return (False, "") if node is None else _unless(node, is_safe=False)


def _keras(call: Call) -> tuple[bool | None, str]:
    node = call.argument("safe_mode")
    return (False, "") if node is None else _unless(node, is_safe=True)


def _yaml(call: Call) -> tuple[bool | None, str]:
    node = call.argument("Loader", 1)
    if node is None:
        return False, ""  # refused since PyYAML 6, and safe from 5.1 on
    if isinstance(node.value, NamedValue):
        return node.value.name.endswith((".UnsafeLoader", "yaml.Loader", ".CLoader")), ""
    return None, getattr(node.value, "why", "")


def _from_url(call: Call) -> tuple[bool | None, str]:
    node = call.argument("weights_only")
    return (True, "") if node is None else _unless(node, is_safe=True)


def _unless(node: Node, *, is_safe: bool) -> tuple[bool | None, str]:
    if isinstance(node.value, UnknownValue):
        return None, node.value.why
    return bool(node.value) is not is_safe, ""


_Judge = Callable[[Call], tuple[bool | None, str]]
_LOADS: dict[str, _Judge] = {
    **dict.fromkeys(
        (
            "pickle.load", "pickle.loads", "pickle.Unpickler().load", "cPickle.load",
            "cPickle.loads", "_pickle.load", "_pickle.loads", "dill.load", "dill.loads",
            "cloudpickle.load", "cloudpickle.loads", "joblib.load", "sklearn.externals.joblib.load",
            "pandas.read_pickle", "pickle5.load", "pickle5.loads", "skops.io.load_unsafe",
            "yaml.unsafe_load", "yaml.unsafe_load_all", "jsonpickle.decode", "shelve.open",
            "sklearn.joblib.load", "compress_pickle.load",
        ),
        _always,
    ),
    "torch.load": _torch,
    "numpy.load": _numpy,
    "yaml.load": _yaml,
    "yaml.load_all": _yaml,
    "torch.hub.load_state_dict_from_url": _from_url,
    "torch.utils.model_zoo.load_url": _from_url,
    **dict.fromkeys(
        ("keras.models.load_model", "tensorflow.keras.models.load_model",
         "keras.saving.load_model", "tensorflow.keras.saving.load_model"),
        _keras,
    ),
}  # fmt: skip
NAMES = frozenset(_LOADS)


def loads_of(
    calls: Iterable[Call], fetched: frozenset[str], written: frozenset[tuple[str, str]]
) -> list[Load]:
    """Give the calls that load a format which can run code, but for files of the repository.

    ``fetched`` are paths to which the file writes what it fetches, ``written`` those of its own.
    """
    result: list[Load] = []
    for call in calls:
        judge = _LOADS.get(call.name)
        if judge is None:
            continue
        runs_code, why = judge(call)
        first = call.args[0] if call.args else next(iter(call.kwargs.values()), None)
        if call.name == "pickle.Unpickler().load" and call.on is not None:
            first = call.on.args[0] if call.on.args else None
        outside = True if judge is _from_url else is_outside(first, fetched)
        is_near = outside is False or (outside is None and is_own(call, written))
        if runs_code is not False and not is_near:
            result.append(Load(call=call, runs_code=runs_code, is_outside=outside, why=why))
    return result
