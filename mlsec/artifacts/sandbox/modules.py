"""Gives a reading process the code of modules that it loads late: it can open no file itself."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Mapping
from functools import cache
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder
from types import CodeType, MappingProxyType
from typing import Any

from mlsec.artifacts.sandbox.wire import Module, NoModule

# Native code can only be loaded before the lock; what most files need, and is cheap to load.
LOADED_FIRST = ("yaml", "markupsafe", "zstandard", "lz4.frame")
# Loaded by a new process when the first file needs it, as it takes long and is native in parts;
# with what it loads late itself.
ON_REQUEST: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"py7zr": ("py7zr", "psutil"), "re2": ("re2",)}
)
# Of what else is installed, readers have nothing to do with the code.
_PACKAGES = frozenset({"mlsec", "msgspec", "jinja2", "markupsafe", "yaml", "zstandard", "lz4"})


def module_of(name: str) -> Module | NoModule:
    """The code of a module of ours, of Python, or of a library that readers use."""
    top = name.partition(".")[0]
    if name in ON_REQUEST:
        return NoModule(is_native=_spec_of(name) is not None)
    if top not in ON_REQUEST and top not in _PACKAGES and top not in sys.stdlib_module_names:
        return NoModule()
    spec = _spec_of(name)
    loader: Any = spec.loader if spec is not None else None
    if spec is None or loader is None:
        return NoModule()
    if isinstance(loader, ExtensionFileLoader):
        return NoModule(is_native=True)
    try:
        code: CodeType | None = loader.get_code(name)
    except (ImportError, OSError, SyntaxError, ValueError):  # Python has such modules for its tests
        return NoModule()
    if code is None:
        return NoModule()
    return Module(
        code=marshal.dumps(code),
        origin=spec.origin or "",
        is_package=spec.submodule_search_locations is not None,
    )


def loaded_for(name: str) -> tuple[str, ...]:
    """What a new process loads first to have this module; nothing where that is refused.

    ON_REQUEST and native code of Python itself may be asked for: whoever runs code in a process
    that is locked in must not choose what others run before they are.
    """
    answer = module_of(name)
    if not isinstance(answer, NoModule) or not answer.is_native:
        return ()
    if name.partition(".")[0] in sys.stdlib_module_names:
        return (name,)
    return ON_REQUEST.get(name, ())


@cache
def _spec_of(name: str) -> ModuleSpec | None:
    """Find a module without importing what is above it."""
    above, _, last = name.rpartition(".")
    if not last.isidentifier():
        return None
    package = _spec_of(above) if above else None
    if above and (package is None or package.submodule_search_locations is None):
        return None
    path = list(package.submodule_search_locations or ()) if package else None
    return PathFinder.find_spec(name, path)
