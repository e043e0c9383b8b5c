"""The static checks of one rule file; nothing that could mislead a scan gets past them."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, TypeVar

from mlsec.core.catalogue import Fix
from mlsec.core.enums import Category, Concern, RuleStatus, Severity
from mlsec.core.strict_yaml import Document
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.evaluation.severity import read_graded_by
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.engine.model.footprint import Footprint, footprint_of
from mlsec.engine.model.property_resolution import find_reading
from mlsec.engine.model.rule import Condition, Examples, Parameter, Rule
from mlsec.engine.rules.conditions import ConditionReader
from mlsec.engine.rules.documents import check_document
from mlsec.engine.rules.fix_check import providers_of, read_fix
from mlsec.engine.rules.fix_command_check import check_commands
from mlsec.engine.rules.links_check import (
    KnownControls,
    check_equivalents,
    read_controls,
    read_objective,
)
from mlsec.engine.rules.params import read_params
from mlsec.vocabulary.types import Type, Vocabulary

KEYS = (
    "id", "title", "severity", "category", "concern", "status", "since", "resource", "when",
    "assert", "graded_by", "params", "message", "why", "fix", "controls", "objective",
    "equivalents", "aliases", "references", "known_exceptions", "tests",
)  # fmt: skip
REQUIRED = (
    "id", "title", "severity", "category", "concern", "status", "since", "resource", "assert",
    "why", "fix", "tests",
)  # fmt: skip
TEST_KEYS = {
    "pass": "passed",
    "fail": "failed",
    "not_assessed": "not_assessed",
    "not_applicable": "not_applicable",
}
PLACEHOLDERS = ("name", "id", "region", "type")

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9-]*\Z")
_BRACES = re.compile(r"\{([^{}]*)\}")
E = TypeVar("E", bound=enum.Enum)


def check_rule(
    document: Document, vocabulary: Vocabulary, frameworks: KnownControls
) -> tuple[Rule | None, Diagnostics]:
    """Read one rule file; the rule is None when anything in it is wrong."""
    mistakes = Diagnostics(document)
    raw = document.value
    if not isinstance(raw, dict):
        mistakes.add("a rule file is one mapping (id, title, resource, assert, ...)")
        return None, mistakes
    rule = _Checker(document, raw, vocabulary, frameworks, mistakes).rule()
    return (rule if not mistakes.errors else None), mistakes


class _Checker:
    def __init__(
        self,
        document: Document,
        raw: dict[str, Any],
        vocabulary: Vocabulary,
        frameworks: KnownControls,
        mistakes: Diagnostics,
    ) -> None:
        self.document = document
        self.raw = raw
        self.vocabulary = vocabulary
        self.frameworks = frameworks
        self.mistakes = mistakes

    def rule(self) -> Rule | None:
        self._keys((), self.raw, KEYS)
        for key in REQUIRED:
            if key not in self.raw:
                self.mistakes.add(f'"{key}" is missing')
        params = read_params(self.raw.get("params"), self.mistakes)
        owner = self._owner()
        must, when = self._conditions(owner, params)
        facts = self._facts()
        graded_by = read_graded_by(self.raw.get("graded_by"), must, owner, self.mistakes)
        tests = self._tests(owner)
        if owner is not None:
            check_commands(facts["fix"], owner, self.vocabulary, self.mistakes)
        if must is None or owner is None or self.mistakes.errors:
            return None
        self._check_concept(owner, footprint_of(must, when))
        line = self.document.places.get(("id",), (1, 1))[0]
        place = f"{self.document.file}:{line}"
        return Rule(
            must=must,
            when=when,
            graded_by=graded_by,
            params=params,
            tests=tests,
            place=place,
            **facts,
        )

    def _facts(self) -> dict[str, Any]:
        return {
            "id": self._id(),
            "title": self._text("title"),
            "severity": self._member("severity", Severity),
            "category": self._member("category", Category),
            "concern": self._member("concern", Concern),
            "status": self._member("status", RuleStatus),
            "since": self._text("since"),
            "resource": self._text("resource"),
            "message": self._message(),
            "why": self._text("why"),
            "fix": read_fix(self.raw.get("fix"), providers_of(self.vocabulary), self.mistakes)
            if "fix" in self.raw
            else Fix(text=""),
            "controls": read_controls(self._list("controls"), self.frameworks, self.mistakes),
            "objective": read_objective(
                self._text("objective"), self.raw, self.frameworks, self.mistakes
            ),
            "equivalents": check_equivalents(self._texts("equivalents"), self.mistakes),
            "aliases": self._texts("aliases"),
            "references": self._texts("references"),
            "known_exceptions": self._texts("known_exceptions"),
        }

    def _owner(self) -> Type | None:
        name = self.raw.get("resource")
        result = self.vocabulary.types.get(name) if isinstance(name, str) else None
        if result is None and "resource" in self.raw:
            suggestion = did_you_mean(name, self.vocabulary.types)
            self.mistakes.add(
                f'unknown resource type "{name}"{suggestion}',
                "resource",
                "=",
                hint="mlsec rules vocabulary",
            )
        return result

    def _conditions(
        self, owner: Type | None, params: Mapping[str, Parameter]
    ) -> tuple[Condition | None, Condition | None]:
        if owner is None or "assert" not in self.raw:
            return None, None
        reader = ConditionReader(self.vocabulary, params, self.mistakes)
        ground = reader.ground(owner)
        when = None
        if "when" in self.raw:
            when = reader.read(self.raw["when"], ground, ("when",))
        must = reader.read(self.raw["assert"], ground, ("assert",))
        if must is not None:
            used = footprint_of(must, when).params
            for name in params:
                if name not in used:
                    self.mistakes.add(f'parameter "{name}" is never used', "params", name)
        return must, when

    def _check_concept(self, owner: Type, used: Footprint) -> None:
        if not owner.is_concept:
            return
        for concrete in self.vocabulary.concrete(owner.name):
            for path in used.paths:
                if find_reading(self.vocabulary, concrete, path) or path in concrete.lacks:
                    continue
                self.mistakes.add(
                    f'{concrete.name} is a {owner.name} but neither fills nor lacks "{path}"',
                    "resource",
                    "=",
                    hint="add fulfils: or lacks: to its vocabulary file",
                )
            for name in used.relations:
                if name not in concrete.relations and name not in concrete.lacks:
                    self.mistakes.add(
                        f'{concrete.name} is a {owner.name} but has no relation "{name}"',
                        "resource",
                        "=",
                        hint="add the relation or lacks: to its vocabulary file",
                    )

    def _id(self) -> str:
        text = self._text("id")
        path = PurePath(self.document.file)
        wanted = f"{path.parent.name}/{path.stem}"
        if text and not _ID.match(text):
            self.mistakes.add(f'"{text}" is not an id such as sagemaker/bad-state', "id", "=")
        elif text and text != wanted:
            self.mistakes.add(f'the id must be "{wanted}", as the file is named', "id", "=")
        return text

    def _message(self) -> str:
        text = self._text("message")
        for name in _BRACES.findall(text):
            if name not in PLACEHOLDERS:
                suggestion = did_you_mean(name, PLACEHOLDERS)
                self.mistakes.add(f'unknown placeholder "{{{name}}}"{suggestion}', "message", "=")
        if _BRACES.sub("", text).count("{") or _BRACES.sub("", text).count("}"):
            self.mistakes.add("a brace that is not a placeholder", "message", "=")
        return text

    def _tests(self, owner: Type | None) -> Examples:
        raw = self.raw.get("tests")
        if not isinstance(raw, dict):
            if "tests" in self.raw:
                self.mistakes.add("tests holds examples by kind: pass, fail, not_assessed", "tests")
            return Examples()
        self._keys(("tests",), raw, tuple(TEST_KEYS))
        result: dict[str, tuple[dict[str, Any], ...]] = {}
        for kind, field in TEST_KEYS.items():
            is_needed = kind != "not_applicable" or "when" in self.raw
            documents = raw.get(kind) or []
            if documents and kind == "not_applicable" and "when" not in self.raw:
                self.mistakes.add('without "when" a rule always applies', "tests", kind)
            if is_needed and not documents:
                self.mistakes.add(f'an example of "{kind}" is missing', "tests")
            if not isinstance(documents, list):
                self.mistakes.add(f'"{kind}" takes a list of documents', "tests", kind, "=")
                continue
            result[field] = tuple(d for d in documents if isinstance(d, dict))
            for n, example in enumerate(documents):
                if owner is not None:
                    here = ("tests", kind, n)
                    check_document(example, owner, self.vocabulary, self.mistakes, here)
        return Examples(**result)

    def _keys(self, here: tuple[str, ...], raw: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in raw:
            if key not in known:
                self.mistakes.add(f'unknown key "{key}"{did_you_mean(key, known)}', *here, key)

    def _text(self, key: str) -> str:
        value = self.raw.get(key, "")
        if not isinstance(value, str) or (key in self.raw and not value.strip()):
            self.mistakes.add(f'"{key}" must be text that is not empty (quote it)', key, "=")
            return ""
        return value.strip()

    def _list(self, key: str) -> list[Any]:
        value = self.raw.get(key, [])
        if not isinstance(value, list):
            self.mistakes.add(f'"{key}" takes a list', key, "=")
            return []
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        items = self._list(key)
        for n, item in enumerate(items):
            if not isinstance(item, str):
                self.mistakes.add(f'"{key}" takes a list of text', key, n)
        return tuple(item.strip() for item in items if isinstance(item, str))

    def _member(self, key: str, members: type[E]) -> E:
        value = self.raw.get(key)
        known = [str(member.value) for member in members]
        if value in known:
            return members(value)
        if key in self.raw:
            message = f'unknown {key} "{value}"{did_you_mean(value, known)}'
            self.mistakes.add(message, key, "=", hint="one of " + ", ".join(known))
        return next(iter(members))
