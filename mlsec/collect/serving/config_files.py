"""Configuration files of servers: which one a launch reads, and what stands in it."""

from __future__ import annotations

import posixpath
import re

from mlsec.collect.code_file import CodeFile, CodeScope
from mlsec.collect.launch import Launch
from mlsec.collect.marked import Node
from mlsec.collect.serving.config_syntax import parse_config
from mlsec.collect.serving.product import Product
from mlsec.collect.serving.settings import Answer, ConfigFile, Settings
from mlsec.core.errors import MlsecError


class ConfigSource:
    """The files of a scope that hold configuration; remembers which of them a launch has read."""

    def __init__(self, scope: CodeScope) -> None:
        self._scope = scope
        self._by_id = {file.id: file for file in scope.files}
        self._parsed: dict[str, Node | None] = {}
        self.read: set[str] = set()

    def of(
        self, product: Product, launch: Launch, settings: Settings
    ) -> tuple[tuple[ConfigFile, ...], str]:
        """Give the files a launch reads, and why there may be more than was seen, "" for none."""
        if launch.kind == "config":
            file = self._by_id.get(launch.id)
            found = self._config(file) if file is not None else None
            return ((found,) if found is not None else ()), ""
        told = settings.flag(*product.config_flags) or settings.variable(*product.config_env)
        if told is None and product.config_word:
            told = _named(product.config_word, settings)
        if told is None:
            return self._by_itself(product, launch)
        if not told.is_known:
            return (), f"which configuration file it reads is not known: {told.why}"
        path = str(told.value)
        is_own = path in product.config_paths and path not in {**launch.mounted, **launch.files}
        if is_own and product.image_keys:
            return (), ""  # the file that the image brings
        found = self._at(path, launch)
        if found is None:
            return (), f"its configuration {path} was not found among the files scanned"
        return (found,), ""

    def _by_itself(self, product: Product, launch: Launch) -> tuple[tuple[ConfigFile, ...], str]:
        """Read what lies where the product looks without being told."""
        for path in product.config_paths:
            if path in launch.mounted or path in launch.files:
                found = self._at(path, launch)
                if found is None:
                    return (), f"its configuration {path} was not found among the files scanned"
                return (found,), ""
            hidden = next(
                (w for w, i in launch.mounted.items() if not i and _is_below(path, w)), ""
            )
            if hidden:
                return (), f"{hidden} may hold its configuration, and was not found here"
        return (), ""

    def _at(self, path: str, launch: Launch) -> ConfigFile | None:
        name = posixpath.basename(path)
        for where, file_id in launch.mounted.items():
            if where == path or (posixpath.basename(where) == name and not path.startswith("/")):
                file = self._by_id.get(file_id)
                return self._config(file) if file is not None else None
        for where, text in launch.files.items():
            if where == path:
                try:
                    return ConfigFile(id="", shown="", root=parse_config(path, text))
                except MlsecError:
                    return None
        if launch.kind in ("shell", "procfile", "unit"):
            return self._beside(path, launch)
        return None

    def _beside(self, path: str, launch: Launch) -> ConfigFile | None:
        """A script names files from where it lies or from the top of the repository."""
        folder = posixpath.dirname(launch.file)
        wanted = {posixpath.normpath(posixpath.join(folder, path)), posixpath.normpath(path)}
        file = next((each for each in self._by_id.values() if each.shown in wanted), None)
        return self._config(file) if file is not None else None

    def _config(self, file: CodeFile) -> ConfigFile | None:
        self.read.add(file.id)
        if file.id not in self._parsed:
            try:
                self._parsed[file.id] = parse_config(file.path, file.text)
            except MlsecError as error:
                self._parsed[file.id] = None
                self._scope.refuse(file, error.message)
        root = self._parsed[file.id]
        return ConfigFile(id=file.id, shown=file.shown, root=root) if root is not None else None


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def _named(form: str, settings: Settings) -> Answer | None:
    """Give the configuration file that stands among the words of a command line."""
    words = (word for word in settings.words if isinstance(word.value, str))
    found = next((word for word in words if re.fullmatch(form, str(word.value))), None)
    return Answer(value=found.value, place=found) if found is not None else None
