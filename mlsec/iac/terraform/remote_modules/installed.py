"""What ``terraform init`` installed: ``.terraform/modules/modules.json`` of each root."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.located import json as marked_json
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.iac.terraform.remote_modules.releases import allowed
from mlsec.vocabulary.module_adapters import release_of

FOLDER = ".terraform/modules"
_SPELT = regex(r"\A(?:git::)?(?:https://|registry\.terraform\.io/)?|\.git(?=//|\?|\Z)")
_STALE = "run terraform init again"


class InstalledModule(msgspec.Struct, frozen=True, kw_only=True):
    """One module that was installed: the address and version it was asked for by, and where."""

    source: str
    version: str
    directory: str


class InstalledModules:
    """The installed modules of every root, by the names of the calls that lead to them."""

    def __init__(self, scope: CodeScope) -> None:
        self._of_root: dict[str, Mapping[str, InstalledModule]] = {}
        for file in scope.written_in(Language.TERRAFORM_MODULES):
            scope.take(file)
            if file.is_committed:
                # It says which code stands for a module: only the tool itself may say that.
                scope.doubt(file, "is committed, so that it may not be what terraform init makes")
                continue
            try:
                root = file.path.removesuffix("modules.json").removesuffix(FOLDER + "/").rstrip("/")
                self._of_root[root] = dict(_modules_in(file, root))
            except MlsecError as error:
                scope.refuse_error(file, error)
        self.directories = frozenset(
            module.directory for modules in self._of_root.values() for module in modules.values()
        )

    def has_root(self, root: str) -> bool:
        """Whether ``terraform init`` was run in a root."""
        return root in self._of_root

    def directory_of(
        self, root: str, calls: Iterable[str], source: str, version: str
    ) -> tuple[str, str]:
        """Give where the module of a call lies; "" and why where it is not the one called now."""
        module = self._of_root.get(root, {}).get(".".join(calls))
        if module is None:
            return "", _STALE if root in self._of_root else ""
        if _SPELT.sub("", module.source) != _SPELT.sub("", source):
            return "", f"{module.source[:200]} is installed in its place: {_STALE}"
        releases, release = allowed(version), release_of(module.version)
        if releases is not None and (release is None or not releases.has(release)):
            return "", f"another version of it, {module.version[:40]}, is installed: {_STALE}"
        return module.directory, ""


def directories_in(text: str, root: str) -> frozenset[str]:
    """Give the folders, relative to the target, in which a ``modules.json`` says modules lie.

    Raises:
        MlsecError: it is not JSON.
    """
    file = CodeFile(id="", path="", language=Language.TERRAFORM_MODULES, text=text)
    return frozenset(module.directory for _, module in _modules_in(file, root))


def _modules_in(file: CodeFile, root: str) -> Iterable[tuple[str, InstalledModule]]:
    inside = posixpath.join(root, FOLDER)
    for item in marked_json.parse(file.text).items("Modules"):
        directory = posixpath.normpath(posixpath.join(root, item.text("Dir")))
        if item.text("Key") and directory.startswith(f"{inside}/"):
            yield (
                item.text("Key"),
                InstalledModule(
                    source=item.text("Source"), version=item.text("Version"), directory=directory
                ),
            )
