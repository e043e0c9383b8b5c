"""The page of incidents: would each have been seen beforehand, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.core.strict_yaml import parse

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "incidents"
_SEEN = {
    "yes": "yes",
    "partly": "partly",
    "by version": "yes, by version",
    "live": "yes, in the live account",
    "no": "no",
}


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. ``seen`` is a key of the table above.

    Below its folder ``fires`` holds the state as it was, ``near`` one that lacks what made it
    dangerous; ``made_by`` names the maker of both where they are model files. Where only a live
    account shows the state they are evidence, collected from a loopback cloud.
    """

    name: str
    incident: str
    year: int
    reference: str
    state: str
    seen: str
    rules: tuple[str, ...] = ()
    made_by: str = ""
    note: str = ""
    why_not: str = ""

    @property
    def folder(self) -> Path:
        """Where its scenes lie."""
        return FOLDER / self.name

    @property
    def has_scenes(self) -> bool:
        """Whether both scenes are there, or made when they are played."""
        return bool(self.made_by) or all((self.folder / k).is_dir() for k in ("fires", "near"))


def incidents() -> Iterator[Incident]:
    """Give every incident of the folder, by year and name.

    Raises:
        MlsecError: a file that is not strict YAML.
        msgspec.ValidationError: a field too many, missing or of another kind.
    """
    found = []
    for path in FOLDER.glob("*/incident.yaml"):
        raw = parse(path.read_text("utf-8"), str(path)).value
        found.append(msgspec.convert({"name": path.parent.name, **raw}, Incident))
    yield from sorted(found, key=lambda each: (each.year, each.name))


def incidents_page(made: str) -> str:
    """One row an incident."""
    rows = list(incidents())
    counts = {word: sum(1 for each in rows if each.seen == word) for word in _SEEN}
    played = sum(1 for each in rows if each.has_scenes)
    told = ", ".join(f"{count} {_SEEN[word]}" for word, count in counts.items() if count)
    lines = [
        "# Incidents",
        "",
        made,
        f"{len(rows)} incidents and published attacks on machine learning in use. Would the state",
        f"that made each possible have been seen beforehand? {told}.",
        "",
        f"{played} have a scene in `fixtures/incidents` that fires and one that nearly is the same",
        "and does not, both judged by the tests. They are code, configuration, model files made by",
        "the tests, or, for what only a live account shows, evidence collected from a cloud on",
        "loopback that stands for the account: its answers are shaped like the provider's, and no",
        "provider gave them. The scenes are written for this purpose and hold nothing of the",
        "incidents themselves. A row by version says that the version is known to be open to it.",
        "",
        "| year | incident | state that could be read | seen | by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in rows:
        by = ", ".join(f"`{rule}`" for rule in each.rules) or each.why_not
        by += f"<br>{each.note}" if each.note else ""
        cells = (
            str(each.year),
            f"{each.incident} ({each.reference})",
            each.state,
            _SEEN[each.seen],
            by,
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"
