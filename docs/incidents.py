"""The page of incidents: whether each could have been detected beforehand, and by which rule."""

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
    rows = []
    for path in FOLDER.glob("*/incident.yaml"):
        raw = parse(path.read_text("utf-8"), str(path)).value
        rows.append(msgspec.convert({"name": path.parent.name, **raw}, Incident))
    yield from sorted(rows, key=lambda row: (row.year, row.name))


def incidents_page() -> str:
    """One row per incident."""
    rows = list(incidents())
    counts = {word: sum(1 for row in rows if row.seen == word) for word in _SEEN}
    scenes = sum(1 for row in rows if row.has_scenes)
    answers = ", ".join(f"{_SEEN[word]}: {count}" for word, count in counts.items() if count)
    lines = [
        "# Incidents",
        "",
        f"{len(rows)} incidents and published attacks on machine learning systems. Could the state",
        f"that made each possible have been detected beforehand? {answers}.",
        "",
        f"For {scenes} of them `fixtures/incidents` has a scene that a rule reports, and a similar",
        "one that it does not; the tests run both. The scenes are code, configuration, generated",
        "model files, or evidence collected from a local server that imitates the provider. They",
        "were written for this purpose and contain nothing of the incidents themselves.",
        "*By version* means that the product's version is known to be vulnerable.",
        "",
        "| Year | Incident | State that could be read | Detected | Rules |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        by = ", ".join(f"[`{rule}`](rules/{rule}.md)" for rule in row.rules) or row.why_not
        by += f"<br>{row.note}" if row.note else ""
        cells = (str(row.year), f"{row.incident} ({row.reference})", row.state, _SEEN[row.seen], by)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"
