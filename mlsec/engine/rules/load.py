"""Load rule folders: every file checked, every mistake reported at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import MAX_TEXT_BYTES, read_named_file
from mlsec.core.sanitize import plain_name
from mlsec.core.strict_yaml import parse
from mlsec.engine.model.controls import Frameworks, load_frameworks
from mlsec.engine.model.diagnostics import RuleFilesError
from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.engine.rules.check import check_rule
from mlsec.engine.rules.links_check import KnownControls
from mlsec.engine.rules.rule_cache import (
    content_key,
    keep,
    keep_state,
    recall,
    recall_state,
    state_key,
)
from mlsec.vocabulary.load import load_vocabulary
from mlsec.vocabulary.types import Vocabulary

NOT_RULES = (
    "vocabulary", "frameworks", "objectives", "schema", "callables", "advisories", "mappings",
    "modules", "techniques", "roles",
)  # fmt: skip


def load_content(content: Path, extra: Sequence[Path] = ()) -> RuleSet:
    """Load the vocabulary, the frameworks and the rules below ``content``, and further folders.

    An unchanged set is taken from the user's cache, or is what came with mlsec. ``content`` is laid
    out as the shipped ``rules/``; ``extra`` are folders or single files of an organisation's own
    rules.

    Raises:
        RuleFilesError: mistakes in rule files.
        MlsecError: a mistake in the vocabulary or the frameworks, or no such folder.
    """
    folders = (content, *extra)
    state = state_key(folders)
    known = recall_state(state, content)
    if known is not None:
        return known
    key = content_key_of(content, extra)
    ruleset = recall(key, content)
    if ruleset is None:
        ruleset = load_afresh(content, extra)
        keep(key, ruleset, content)
    keep_state(state, key)
    return ruleset


def content_key_of(content: Path, extra: Sequence[Path] = ()) -> str:
    """Digest all that ``load_content`` would read.

    Raises:
        MlsecError: a file that cannot be read, or no such folder.
    """
    read = ("vocabulary", "mappings", "modules", "techniques", "frameworks", "objectives")
    beside = [path for name in read for path in _yaml_below(content / name)]
    try:
        return content_key(content, [*beside, *rule_files((content, *extra))])
    except OSError as error:
        place, reason = error.filename or content, error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(place)) from None


def load_afresh(content: Path, extra: Sequence[Path] = ()) -> RuleSet:
    """Load as ``load_content`` does, whatever was kept.

    Raises:
        RuleFilesError: mistakes in rule files.
        MlsecError: a mistake in the vocabulary or the frameworks, or no such folder.
    """
    frameworks = load_frameworks(content / "frameworks")
    vocabulary = load_vocabulary(content / "vocabulary")
    known = _known_controls(content / "frameworks", frameworks)
    ruleset = load_rules((content, *extra), vocabulary, known)
    return msgspec.structs.replace(ruleset, frameworks=frameworks)


def _yaml_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))


def load_rules(
    folders: Sequence[Path], vocabulary: Vocabulary, known: KnownControls | None = None
) -> RuleSet:
    """Load every rule file of the folders.

    Raises:
        RuleFilesError: all mistakes of all files.
    """
    ruleset, errors = examine(folders, vocabulary, known)
    if errors:
        raise RuleFilesError(errors)
    return ruleset


def examine(
    folders: Sequence[Path], vocabulary: Vocabulary, known: KnownControls | None = None
) -> tuple[RuleSet, tuple[MlsecError, ...]]:
    """Give the rules that are sound, and every mistake of the others."""
    rules: list[Rule] = []
    errors: list[MlsecError] = []
    digest = hashlib.sha256()
    for path in rule_files(folders):
        try:
            data = read_named_file(path, MAX_TEXT_BYTES)
            document = parse(data.decode("utf-8"), plain_name(str(path)))
        except MlsecError as error:
            errors.append(error)
            continue
        except (OSError, UnicodeDecodeError) as error:
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            errors.append(MlsecError(f"cannot be read: {reason}", location=str(path)))
            continue
        head = f"{path.parent.name}/{path.name}\0{len(data)}\0"
        digest.update(head.encode("utf-8", "surrogateescape") + data)
        rule, mistakes = check_rule(document, vocabulary, known or KnownControls())
        errors.extend(mistakes.errors)
        if rule is not None:
            rules.append(rule)
    errors.extend(_clashes(rules))
    rules.sort(key=lambda rule: rule.id)
    ruleset = RuleSet(rules=tuple(rules), vocabulary=vocabulary, digest=digest.hexdigest())
    return ruleset, tuple(errors)


def rule_files(folders: Sequence[Path]) -> list[Path]:
    """Every rule file below the folders, sorted; vocabulary and the like are not.

    Raises:
        MlsecError: a folder that cannot be read, or without a single rule.
    """
    result: dict[Path, None] = {}
    for folder in folders:
        below = [folder] if folder.is_file() else _rules_below(folder)
        if not below:
            raise MlsecError(
                "there is no rule file (*.yaml) in this folder",
                hint="mlsec rules new writes one",
                location=str(folder),
            )
        result.update(dict.fromkeys(below))
    return list(result)


def _rules_below(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        place = str(error.filename or folder)
        raise MlsecError(f"rules cannot be read: {error.strerror}", location=place)

    below = sorted(
        Path(place, name)
        for place, _, names in os.walk(folder, onerror=refuse)
        for name in names
        if name.endswith(".yaml")
    )
    return [path for path in below if path.relative_to(folder).parts[0] not in NOT_RULES]


def load_known_controls(folder: Path) -> KnownControls:
    """Read the known control ids and objectives; without the folder they are not checked.

    Raises:
        MlsecError: a mistake in a framework file.
    """
    return _known_controls(folder, load_frameworks(folder))


def _known_controls(folder: Path, frameworks: Frameworks) -> KnownControls:
    if not any(folder.glob("*.yaml")):
        return KnownControls()
    controls = {name: tuple(entry.controls) for name, entry in frameworks.frameworks.items()}
    return KnownControls(controls=controls, objectives=frameworks.objectives)


def _clashes(rules: list[Rule]) -> list[MlsecError]:
    errors = []
    owners: dict[str, Rule] = {}
    for rule in rules:
        for name in (rule.id, *rule.aliases):
            other = owners.setdefault(name, rule)
            if other is not rule:
                message = f'the rule id "{name}" is already used in {other.place}'
                errors.append(MlsecError(message, location=rule.place))
    return errors
