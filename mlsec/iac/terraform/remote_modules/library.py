"""The modules that calls lead to: in the target, installed beside it, or known by an adapter."""

from __future__ import annotations

import posixpath

from mlsec.collect.code.code_file import CodeScope
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.modules.directories import local_source
from mlsec.iac.terraform.modules.module import Module, Placed
from mlsec.iac.terraform.modules.scope import Scope
from mlsec.iac.terraform.remote_modules.adapters import Adapters, adapted
from mlsec.iac.terraform.remote_modules.address import remote_address
from mlsec.iac.terraform.remote_modules.installed import FOLDER, InstalledModules
from mlsec.iac.terraform.syntax.tree import Literal

_OUTSIDE = (
    "{source} is not in this folder and is not fetched, so what it declares was not judged "
    "({why}): run terraform init and scan again, or scan the output of terraform show -json"
)


class ModuleLibrary:
    """Finds the module of a call; ``modules`` are those of the target, by directory."""

    def __init__(self, scope: CodeScope, adapters: Adapters) -> None:
        self._adapters = adapters
        self.installed = InstalledModules(scope)

    def is_installed(self, directory: str) -> bool:
        """Whether a directory lies where ``terraform init`` puts what is not of the target."""
        return any(
            directory == item or directory.startswith(f"{item}/")
            for item in self.installed.directories
        )

    def find(
        self, call: Placed, parent: Scope, modules: dict[str, Module]
    ) -> Module | UnknownValue:
        """Give the module that a call names, or why it is not known."""
        directory = local_source(call, parent.module)
        if not isinstance(directory, str):
            return self._remote(call, parent, modules)
        if parent.module.is_adapter:
            return UnknownValue("it is a part of a module that is not here")
        module = modules.get(directory)
        return module or UnknownValue(f"no Terraform code in {directory[:200]}")

    def _remote(
        self, call: Placed, parent: Scope, modules: dict[str, Module]
    ) -> Module | UnknownValue:
        source, version = _written(call, "source"), _written(call, "version")
        calls = (*parent.calls, *call.block.labels[:1])
        directory, why = self.installed.directory_of(parent.root, calls, source, version)
        if directory and directory in modules and not parent.module.is_adapter:
            return modules[directory]
        address = remote_address(source, version)
        if address is None:
            result = local_source(call, parent.module)
            return result if isinstance(result, UnknownValue) else UnknownValue("it is not here")
        at = posixpath.join(parent.root, FOLDER, ".".join(calls))
        module = adapted(call, address, self._adapters, at)
        if isinstance(module, UnknownValue):
            return UnknownValue(_OUTSIDE.format(source=source[:200], why=why or module.why))
        return module


def _written(call: Placed, name: str) -> str:
    attribute = call.block.body.attributes.get(name)
    return str(attribute.value.value) if attribute and isinstance(attribute.value, Literal) else ""
