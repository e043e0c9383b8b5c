"""Configuration files of servers: which one a launch reads, and what stands in it."""

from __future__ import annotations

import posixpath
import re

from mlsec.collect.code.code_file import CodeFile, CodeScope
from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node
from mlsec.core.errors import MlsecError
from mlsec.servers.config.config_syntax import parse_config
from mlsec.servers.config.written_config import ADDED, config_written, written_at
from mlsec.servers.products.product import Product
from mlsec.servers.settings import ConfigFile, Settings, SettingValue

# What names files from where it lies.
_BESIDE = ("shell", "procfile", "unit")


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
            result = self._config(file) if file is not None else None
            return ((result,) if result is not None else ()), ""
        named_file = _named_file(product, settings)
        if named_file is None and product.config_word:
            named_file = _named(product.config_word, settings)
        if named_file is None:
            return self._by_itself(product, launch, settings)
        if not named_file.is_known:
            return (), f"which configuration file it reads is not known: {named_file.why}"
        path = str(named_file.value)
        written = written_at(posixpath.normpath(posixpath.join(launch.folder, path)), launch)
        if written is not None:
            files, why = config_written(path, written)
            is_unlike = why == ADDED and path not in product.config_paths
            return files, f"of {path}, {why}" if is_unlike else why
        is_own = path in product.config_paths and path not in {**launch.mounted, **launch.files}
        if is_own and product.image_keys:
            return (), ""  # the file that the image brings
        result = self._at(path, launch)
        if result is None:
            return (), f"its configuration {path} was not found among the files scanned"
        return (result,), ""

    def _by_itself(
        self, product: Product, launch: Launch, settings: Settings
    ) -> tuple[tuple[ConfigFile, ...], str]:
        """Read what lies where the product looks by itself."""
        for path in product.config_paths:
            result, why = self._if_there(path, launch)
            if result or why:
                return result, why
        for name in product.config_files:
            path = posixpath.normpath(posixpath.join(_folder(product, settings), name))
            if path.startswith("/") or launch.folder:
                result, why = self._if_there(posixpath.join(launch.folder, path), launch)
            elif launch.kind in _BESIDE:
                file = self._beside(path, launch)
                result, why = ((file,) if file is not None else ()), ""
            else:
                result, why = (), _in_some_folder(name, launch)
            if result or why:
                return result, why
        return (), ""

    def _if_there(self, path: str, launch: Launch) -> tuple[tuple[ConfigFile, ...], str]:
        written = written_at(path, launch)
        if written is not None:
            return config_written(path, written)
        if path in launch.mounted or path in launch.files:
            result = self._at(path, launch)
            if result is None:
                return (), f"its configuration {path} was not found among the files scanned"
            return (result,), ""
        mounted = launch.mounted.items()
        hidden = next((where for where, i in mounted if not i and _is_below(path, where)), "")
        return (), f"{hidden} may hold its configuration, and was not found here" if hidden else ""

    def _at(self, path: str, launch: Launch) -> ConfigFile | None:
        name = posixpath.basename(path)
        path = posixpath.join(launch.folder, path)
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
        if launch.kind in _BESIDE:
            return self._beside(path, launch)
        return None

    def _beside(self, path: str, launch: Launch) -> ConfigFile | None:
        """A script names files from where it lies or from the top of the repository."""
        folder = posixpath.dirname(launch.file)
        wanted = {posixpath.normpath(posixpath.join(folder, path)), posixpath.normpath(path)}
        file = next((item for item in self._by_id.values() if item.shown in wanted), None)
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


def _paths(launch: Launch) -> tuple[str, ...]:
    return (*launch.mounted, *launch.files, *launch.written)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def _named(form: str, settings: Settings) -> SettingValue | None:
    """Give the configuration file that stands among the words of a command line."""
    words = (word for word in settings.words if isinstance(word.value, str))
    result = next((word for word in words if re.fullmatch(form, str(word.value))), None)
    return SettingValue(value=result.value, place=result) if result is not None else None


def _in_some_folder(name: str, launch: Launch) -> str:
    if all(posixpath.basename(path) != name for path in _paths(launch)):
        return ""
    return f"whether it reads {name}: the folder that it is started in is not known"


def _named_file(product: Product, settings: Settings) -> SettingValue | None:
    flag, variable = settings.flag(*product.config_flags), settings.variable(*product.config_env)
    return (variable or flag) if product.is_env_first else (flag or variable)


def _folder(product: Product, settings: Settings) -> str:
    """Give the folder that the command line names, "" for the one that it is started in."""
    words = [word.value for word in settings.words]
    if product.config_folder_after not in words:
        return ""
    named = words[words.index(product.config_folder_after) + 1 :][:1]
    return named[0] if named and isinstance(named[0], str) else ""
