"""Names in a pickle: what a state sets, what the loader makes of old names, what is a hook."""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

from mlsec.artifacts.pickle.values import Box, Global, Value

# Attributes that change what an object is or does, whatever class it has.
_HOOK_NAMES = """
    class dict getattr getattribute setattr delattr reduce reduce_ex call setstate init new del
    bases code globals builtins iter next hash eq ne lt le gt ge enter exit import subclasses mro
    get set delete getitem setitem delitem missing contains len bool str repr bytes format int
    float index complex add radd sub mul matmul truediv floordiv mod pow neg pos invert copy
    deepcopy instancecheck subclasscheck init_subclass class_getitem prepare set_name array
    array_ufunc array_function array_finalize getstate getnewargs getnewargs_ex sizeof dir
    aenter aexit aiter anext await
"""
HOOKS = frozenset(f"__{name}__" for name in _HOOK_NAMES.split())


def keys_of(state: Value) -> list[str]:
    """The attribute names that a state sets, of the dict and of the slots."""
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    return [
        key for part in parts if isinstance(part, Box) and part.kind == "dict"
        for key in (*part.mapping(), *sorted(part.rest or ()))
    ]  # fmt: skip


def modern(module: str, name: str) -> tuple[str, str]:
    """The Python 3 name, as the loader maps it for protocols below 3."""
    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name


def is_identifier(found: Global) -> bool:
    """Whether a name is one that source text could import, and no hook of the language."""
    parts = [*found.module.split("."), *found.name.split(".")]
    if not all(part.isidentifier() for part in parts):
        return False
    return not (found.name.startswith("__") and found.name.endswith("__"))
