"""Lists of techniques that others published, and what is seen of each of their entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.graph.techniques.technique import Technique

_KEYS = ("title", "url", "as_of", "entries")
_ENTRY_KEYS = ("name", "by", "because")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One published technique.

    ``by`` names rules that see it, where no technique does. ``because`` says why that is enough,
    or why it is not seen.
    """

    id: str
    name: str
    by: tuple[str, ...] = ()
    because: str = ""
    place: str = ""


class PublishedList(msgspec.Struct, frozen=True, kw_only=True):
    """A published list; ``as_of`` is the day on which it was read."""

    id: str
    title: str
    url: str
    as_of: str
    entries: Mapping[str, Entry]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen of one entry, and as what: techniques, or rules."""

    entry: Entry
    techniques: tuple[Technique, ...]

    @property
    def is_seen(self) -> bool:
        """Whether a technique or a rule covers it."""
        return bool(self.techniques or self.entry.by)

    @property
    def has_own_name(self) -> bool:
        """Whether a technique is reported by the very rights that the list calls it by."""
        return any(_folded(t.label) == _folded(self.entry.name) for t in self.techniques)


def shipped_lists() -> Mapping[str, PublishedList]:
    """Read rules/techniques/published, by the name of the file.

    Raises:
        MlsecError: a mistake in a file.
    """
    return load_lists(content_folder("rules") / "techniques" / "published")


def load_lists(folder: Path) -> Mapping[str, PublishedList]:
    """Read every list of a folder, by the name of its file.

    Raises:
        MlsecError: the first mistake.
    """
    return {path.stem: _read_list(path) for path in sorted(folder.glob("*.yaml"))}


def coverage(published: PublishedList, techniques: Iterable[Technique]) -> tuple[Seen, ...]:
    """Say of each entry of a list, in its order, which techniques see it."""
    by_source: dict[str, list[Technique]] = {}
    for technique in techniques:
        for source in technique.sources:
            by_source.setdefault(source, []).append(technique)
    return tuple(
        Seen(entry=entry, techniques=tuple(by_source.get(f"{published.id}:{name}", ())))
        for name, entry in published.entries.items()
    )


def mistakes_in(
    lists: Mapping[str, PublishedList], techniques: Iterable[Technique]
) -> tuple[str, ...]:
    """Give sources that no list has, and entries that are neither seen nor have a reason."""
    everything = tuple(techniques)
    mistakes = []
    for technique in everything:
        for source in technique.sources:
            name, _, entry = source.partition(":")
            if name not in lists:
                said = f'no list "{name}"{did_you_mean(name, lists)}'
            elif entry not in lists[name].entries:
                said = f'"{entry}" is not in {name}{did_you_mean(entry, lists[name].entries)}'
            else:
                continue
            mistakes.append(f"{technique.place}: {said}")
    for published in lists.values():
        for seen in coverage(published, everything):
            if not seen.is_seen and not seen.entry.because:
                mistakes.append(f"{seen.entry.place}: neither seen nor a reason (because)")
            if seen.techniques and seen.entry.by:
                mistakes.append(f"{seen.entry.place}: a technique sees it, so by: has no use")
    return tuple(mistakes)


def _read_list(path: Path) -> PublishedList:
    document = parse(path.read_text("utf-8"), str(path))
    raw = document.value
    _check(document, (), raw, _KEYS, _KEYS)
    entries = raw["entries"]
    if not isinstance(entries, dict) or not entries:
        raise MlsecError("entries maps ids to names", location=document.where("entries"))
    for name, entry in entries.items():
        _check(document, ("entries", name), entry, _ENTRY_KEYS, ("name",))
    return PublishedList(
        id=path.stem,
        title=str(raw["title"]),
        url=str(raw["url"]),
        as_of=str(raw["as_of"]),
        entries={
            str(name): Entry(
                id=str(name),
                name=str(entry["name"]),
                by=tuple(entry.get("by", ())),
                because=str(entry.get("because", "")),
                place=document.where("entries", name),
            )
            for name, entry in entries.items()
        },
    )


def _check(
    document: Document,
    here: tuple[str, ...],
    raw: object,
    known: tuple[str, ...],
    required: tuple[str, ...],
) -> None:
    if not isinstance(raw, dict):
        raise MlsecError("a mapping was expected", location=document.where(*here))
    for key in raw:
        if key not in known:
            message = f'unknown key "{key}"{did_you_mean(key, known)}'
            raise MlsecError(message, location=document.where(*here, key))
    for key in required:
        if key not in raw:
            raise MlsecError(f'"{key}" is missing', location=document.where(*here))


def _folded(text: str) -> str:
    return text.replace(" ", "").lower()
