"""The three-way policy over callables, from the data in ``rules/callables``.

``deny.yaml`` names what is dangerous and why; ``judged.yaml`` what depends on its arguments;
``allow/<package>.yaml`` lists what each library stores, ``releases/<package>.yaml`` the classes of
its older releases; both are read only when a file asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import PurePath
from typing import Any

import msgspec

from mlsec.artifacts.pickle.known_names import Entry, Standing
from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import parse

Names = Mapping[str, frozenset[str]]

MAX_PARTS = 16
_PER_LIBRARY = ("allow/", "releases/")
_SECTIONS = ("classes", "makers", "reducers")


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """One library: its classes (made without a call), and what may be called."""

    classes: Names
    makers: Names
    reducers: Names


class Policy:
    """Looks names up; libraries are read when first asked for."""

    def __init__(self, lists: Mapping[str, bytes]) -> None:
        self._lists = lists
        deny, judged = _read(lists, "deny.yaml"), _read(lists, "judged.yaml")
        self._denied, self._denied_modules = _words(deny["dangers"])
        self._judged, _ = _words(judged["judgements"])
        self._arguments = _arguments(judged)
        self._makers = _names(judged.get("makers"), None)
        self._reducers = _names(judged.get("reducers"), None)
        self._classes = _names(judged.get("classes"), None)
        self._inventories: dict[str, Inventory | None] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        self._libraries = {PurePath(name).stem for name in lists if name.startswith(_PER_LIBRARY)}
        self.standard_modules = frozenset(deny.get("standard_modules", "").split())

    def look_up(self, module: str, name: str) -> Entry:
        """What is known of ``module.name``, exactly as written."""
        key = (module, name)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._find(module, name)
            self._entries[key] = entry
        return entry

    def read_all(self) -> None:
        """Read every library now, for a process that must not open files later."""
        for package in sorted(self._libraries):
            self._inventory(package)

    def lists_module(self, module: str) -> bool:
        """Whether a library stores names of this very module."""
        inventory = self._inventory(module.partition(".")[0])
        sections = (inventory.classes, inventory.reducers, inventory.makers) if inventory else ()
        return any(module in item for item in (*sections, self._classes))

    def names_exactly(self, module: str, name: str) -> bool:
        """Whether a name is denied itself, not only with all of its module."""
        return (module, name) in self._denied

    def class_names(self, package: str) -> frozenset[str]:
        """The bare names of a library's classes."""
        inventory = self._inventory(package)
        sections = (inventory.classes, inventory.reducers) if inventory else ()
        return frozenset(
            name for section in sections for names in section.values() for name in names
        )

    def _find(self, module: str, name: str) -> Entry:
        judged = self._judged.get((module, name))
        if judged:
            return Entry(standing=Standing.JUDGED, word=judged)
        inventory = self._inventory(module.partition(".")[0])
        if name in self._makers.get(module, ()) or (
            inventory and name in inventory.makers.get(module, ())
        ):
            return Entry(standing=Standing.MAKER)
        if name in self._reducers.get(module, ()) or (
            inventory and name in inventory.reducers.get(module, ())
        ):
            words = self._arguments.get((module, name), frozenset())
            return Entry(standing=Standing.REDUCER, words=words)
        exact = self._denied.get((module, name))
        if exact:
            return Entry(standing=Standing.DENIED, word=exact)
        if name in self._classes.get(module, ()) or (
            inventory and name in inventory.classes.get(module, ())
        ):
            return Entry(standing=Standing.CLASS)
        danger = self._danger(module, name)
        if danger:
            return Entry(standing=Standing.DENIED, word=danger)
        package = module.partition(".")[0]
        known = package in self._libraries or package in self.standard_modules
        if inventory and name.startswith("__pyx_unpickle_"):
            # Cython writes these itself: they make an instance of the given class, unread versions
            # of a library have more of them.
            return Entry(standing=Standing.MAKER)
        return Entry(standing=Standing.UNLISTED if known else Standing.UNKNOWN)

    def _danger(self, module: str, name: str) -> str:
        """The danger of the module, of one above it, or of what a dotted name passes through."""
        parts = [*module.split("."), *name.split(".")][:MAX_PARTS]
        for start in range(len(parts) - 1):
            # Only a name can pass through other modules: `numpy.testing` is not `testing`.
            if start and start < module.count(".") + 1:
                continue
            for end in range(len(parts) - 1, start, -1):
                owner = ".".join(parts[start:end])
                word = self._denied.get((owner, parts[end])) or self._denied_modules.get(owner)
                if word:
                    return word
        return ""

    def _inventory(self, package: str) -> Inventory | None:
        if package not in self._inventories:
            is_listed = package in self._libraries
            self._inventories[package] = _inventory(self._lists, package) if is_listed else None
        return self._inventories[package]


@cache
def shipped_policy() -> Policy:
    """The policy in ``rules/callables``."""
    return Policy(shipped_lists())


@cache
def shipped_lists() -> Mapping[str, bytes]:
    """The files of ``rules/callables`` by their paths below it, not parsed.

    Raises:
        MlsecError: one cannot be read.
    """
    folder = content_folder("rules") / "callables"
    try:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for pattern in ("*.yaml", *(f"{place}*.yaml" for place in _PER_LIBRARY))
            for path in folder.glob(pattern)
        }
    except OSError as error:
        raise MlsecError(f"cannot be read: {error}", location=str(folder)) from None


def _read(lists: Mapping[str, bytes], name: str) -> dict[str, Any]:
    if name not in lists:
        raise MlsecError("is not there", location=f"rules/callables/{name}")
    value = parse(lists[name].decode(), f"rules/callables/{name}").value
    if not isinstance(value, dict):
        raise MlsecError("a mapping was expected", location=f"rules/callables/{name}")
    return value


def _inventory(lists: Mapping[str, bytes], package: str) -> Inventory:
    today, before = (_sections(lists, f"{folder}{package}.yaml") for folder in _PER_LIBRARY)
    # What a list has that was made by asking the library itself counts before what its text says.
    known = {(module, name) for names in today for module in names for name in names[module]}
    classes, makers, reducers = (
        _joined(names, others, known) for names, others in zip(today, before, strict=True)
    )
    return Inventory(classes=classes, makers=makers, reducers=reducers)


def _sections(lists: Mapping[str, bytes], name: str) -> tuple[Names, Names, Names]:
    data = _read(lists, name) if name in lists else {}
    same = data.get("same")
    classes, makers, reducers = (_names(data.get(title), same) for title in _SECTIONS)
    return classes, makers, reducers


def _joined(names: Names, others: Names, known: set[tuple[str, str]]) -> Names:
    result = dict(names)
    for module, more in others.items():
        new = frozenset(name for name in more if (module, name) not in known)
        result[module] = result.get(module, frozenset()) | new
    return result


def _names(section: Any, same: Any) -> Names:
    """Names by module; ``same`` gives further paths under which a module was or is known."""
    result = {module: frozenset(str(names).split()) for module, names in (section or {}).items()}
    for other, module in (same or {}).items():
        result[other] = result.get(other, frozenset()) | result.get(module, frozenset())
    return result


def _arguments(data: Mapping[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    """The enumerated arguments of classes, by module and name."""
    return {
        (module, name): frozenset(str(words).split())
        for module, classes in data.get("arguments", {}).items()
        for name, words in classes.items()
    }


def _words(data: Mapping[str, Any]) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """Names and whole modules (``*``) by word, from a list of {word, names}."""
    names: dict[tuple[str, str], str] = {}
    modules: dict[str, str] = {}
    for word, section in data.items():
        for module, listed in section.items():
            for name in str(listed).split():
                if name == "*":
                    modules[module] = word
                else:
                    names[module, name] = word
    return names, modules
