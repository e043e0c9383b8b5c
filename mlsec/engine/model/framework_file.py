"""Reads a framework file; every key, word and id in it is checked."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mlsec.core.enums import Automation, FrameworkKind
from mlsec.core.errors import MlsecError
from mlsec.core.framework import Control, Framework
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.objectives import Objective

E = TypeVar("E", bound=enum.Enum)

_KEYS = (
    "id", "title", "kind", "version", "licence", "source", "count", "providers", "profiles",
    "controls",
)  # fmt: skip
_REQUIRED = ("id", "title", "kind", "controls")
_CONTROL_KEYS = ("title", "automation", "tests", "does_not_test", "needed")


class FrameworkFile:
    """One framework file: its framework, and where each part of it stands."""

    def __init__(self, path: Path) -> None:
        self._document: Document = parse(path.read_text("utf-8"), str(path))
        raw = self._mapping(self._document.value, _KEYS)
        for key in _REQUIRED:
            if key not in raw:
                raise self._mistake(f'a framework needs "{key}"')
        self._kind = self._member(raw, "kind", FrameworkKind)
        if not isinstance(raw["controls"], dict):
            raise self._mistake("expected controls by id", "controls")
        if raw.get("count", len(raw["controls"])) != len(raw["controls"]):
            message = f"count says {raw['count']}, but {len(raw['controls'])} controls stand here"
            raise self._mistake(message, "count")
        self.framework = Framework(
            id=str(raw["id"]),
            title=str(raw["title"]),
            kind=self._kind,
            version=str(raw.get("version", "")),
            licence=str(raw.get("licence", "")),
            source=str(raw.get("source", "")),
            providers=self._texts(raw.get("providers", []), "providers"),
            profiles=self._profiles(raw.get("profiles", {}), raw["controls"]),
            controls={
                control_id: self._control(record, control_id)
                for control_id, record in raw["controls"].items()
            },
        )

    def described(self, objectives: Mapping[str, Objective]) -> Framework:
        """Give the framework, each control with what the objectives that it needs test.

        Raises:
            MlsecError: a needed objective that does not exist or does not link to its control.
        """
        self._check_needed(objectives)
        controls = {
            control_id: msgspec.structs.replace(control, tests=_tests(control, objectives))
            for control_id, control in self.framework.controls.items()
        }
        return msgspec.structs.replace(self.framework, controls=controls)

    def _check_needed(self, objectives: Mapping[str, Objective]) -> None:
        """Refuse a needed objective that does not exist or does not link to its control.

        Raises:
            MlsecError: the first such mistake.
        """
        for control_id, control in self.framework.controls.items():
            name = f"{self.framework.id}/{control_id}"
            for n, needed in enumerate(control.needed):
                here = ("controls", control_id, "needed", n)
                if needed not in objectives:
                    suggestion = did_you_mean(needed, objectives)
                    raise self._mistake(f'unknown objective "{needed}"{suggestion}', *here)
                if name not in {link.id for link in objectives[needed].controls}:
                    message = f'the objective "{needed}" does not link to {name}'
                    raise self._mistake(message, *here)

    def _control(self, raw: Any, control_id: str) -> Control:
        here = ("controls", control_id)
        record = self._mapping(raw, _CONTROL_KEYS, *here)
        if self._kind is FrameworkKind.BENCHMARK and "needed" in record:
            message = "a control of a benchmark needs every rule that links to it: leave needed out"
            raise self._mistake(message, *here, "needed")
        automation = None
        if "automation" in record:
            automation = self._member(record, "automation", Automation, *here)
        return Control(
            title=str(record.get("title", "")),
            automation=automation,
            tests=str(record.get("tests", "")),
            does_not_test=str(record.get("does_not_test", "")),
            needed=self._texts(record.get("needed", []), *here, "needed"),
        )

    def _profiles(self, raw: Any, controls: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        if not isinstance(raw, dict):
            raise self._mistake("expected profiles by name, each a list of ids", "profiles")
        for name, ids in raw.items():
            for n, control_id in enumerate(self._texts(ids, "profiles", name)):
                if control_id not in controls:
                    suggestion = did_you_mean(control_id, controls)
                    message = f'unknown control "{control_id}"{suggestion}'
                    raise self._mistake(message, "profiles", name, n)
        return {name: tuple(ids) for name, ids in raw.items()}

    def _mapping(self, raw: Any, keys: Sequence[str], *at: str | int) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise self._mistake(f"expected a mapping of {', '.join(keys)}", *at)
        for key in raw:
            if key not in keys:
                raise self._mistake(f'unknown key "{key}"{did_you_mean(str(key), keys)}', *at, key)
        return raw

    def _texts(self, raw: Any, *at: str | int) -> tuple[str, ...]:
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            raise self._mistake("expected a list of texts", *at)
        return tuple(raw)

    def _member(self, raw: Mapping[str, Any], key: str, members: type[E], *at: str | int) -> E:
        known = [str(member.value) for member in members]
        if raw[key] not in known:
            message = f'unknown {key} "{raw[key]}"; one of {", ".join(known)}'
            raise self._mistake(message, *at, key)
        return members(raw[key])

    def _mistake(self, message: str, *at: str | int) -> MlsecError:
        return MlsecError(message, location=self._document.where(*at))


def _tests(control: Control, objectives: Mapping[str, Objective]) -> str:
    """Say what is tested of a control: its own words, else those of what it needs."""
    return control.tests or " ".join(objectives[name].tests for name in control.needed)
