"""Imports of a reading process that is locked in: the code comes from the scan's own process."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from types import ModuleType

from mlsec.artifacts.sandbox.wire import Load, Module, NoModule


class LacksModuleError(BaseException):
    """Native code is needed that was not loaded before the lock; no reader may swallow it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Given(Loader):
    def __init__(self, module: Module) -> None:
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to Python."""
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the code that the scan's own process gave: never anything of a file being read."""
        exec(marshal.loads(self._module.code), module.__dict__)  # noqa: S102, S302 - see above


class _Asking(MetaPathFinder):
    def __init__(self, ask: Callable[[Load], Module | NoModule]) -> None:
        self._ask = ask

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Ask for a module.

        Raises:
            LacksModuleError: it is native.
        """
        del path, target
        answer = self._ask(Load(module=fullname))
        if isinstance(answer, NoModule):
            if answer.is_native:
                raise LacksModuleError(fullname)
            return None
        loader, is_package = _Given(answer), answer.is_package
        spec = ModuleSpec(fullname, loader, origin=answer.origin, is_package=is_package)
        spec.has_location = True
        return spec


def import_by_asking(ask: Callable[[Load], Module | NoModule]) -> None:
    """From now on ask for every module that is not built into Python."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, _Asking(ask)]
