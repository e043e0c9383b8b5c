"""What says that something judged is folded: a class of folders, and the folder of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from typing import Protocol

from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.core.regex import regex
from mlsec.core.resource import Gap, Resource
from mlsec.core.secret_forms import FORMS
from mlsec.engine.model.rule import RuleSet

Place = tuple[str, str]
COUNTS: Place = ("", "")
_SECRETS = "secret-in-plaintext"
# What its form alone proves. Key pairs, headers and addresses in tests are mostly made up there.
_CERTAIN = frozenset(form.kind for form in FORMS) - {
    "authorization", "azure-sas", "azure-storage-key", "jwt", "password-hash", "password-in-url",
    "private-key", "signed-url",
}  # fmt: skip
_SEVERE = (Severity.CRITICAL, Severity.HIGH)
_ITEM = regex(r"([a-z_]{1,60})\[([0-9]{1,6})\]")


class Files(Protocol):
    """What is asked of the files of a scan: classes and folders, outermost first."""

    def of_resource(
        self, provider: str, scope: str, resource_id: str, file: str
    ) -> tuple[Place, ...]: ...
    def of_gap(self, gap: Gap) -> tuple[Place, ...]: ...


class Kind(Protocol):
    """What is asked of a class of folders."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def is_shown_alone(self) -> bool: ...
    @property
    def is_for_lesser(self) -> bool: ...
    @property
    def is_of_repository(self) -> bool: ...


def target_of(scope: str) -> str:
    """Name the repository that a scope is of: its code and its files are two scopes."""
    return scope.partition("/")[2]


class FoldPlaces:
    """Gives what folds a finding, a pass or a gap: the outermost class of a file that does.

    In the targets ``alone`` the classes that are shown alone do not fold.
    """

    def __init__(
        self,
        kinds: Iterable[Kind],
        files: Files,
        resources: Mapping[str, Resource],
        ruleset: RuleSet,
        alone: Set[str] = frozenset(),
    ) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self._alone = alone
        self._files, self._resources = files, resources
        self._rules = {rule.id: rule for rule in ruleset.rules}
        self._objectives = {rule.id: rule.objective for rule in ruleset.rules}
        of = {key: self._of_resource(item) for key, item in resources.items()}
        self._of = {key: places for key, places in of.items() if places}

    def home(self, finding: Finding | str) -> Place:
        """Give the outermost class of what a finding, or a resource by its id, is of."""
        places = (
            self._of.get(finding, ()) if isinstance(finding, str) else self._of_subject(finding)
        )
        return next(iter(places), COUNTS)

    def of_gap(self, gap: Gap) -> Place:
        """Give what folds a gap."""
        return next(iter(self._known(self._files.of_gap(gap), gap.scope)), COUNTS)

    def of_pass(self, rule_id: str, resource_id: str) -> Place:
        """Give what folds that a resource passed a rule."""
        places = self._of.get(resource_id)
        if not places:
            return COUNTS
        rule = self._rules.get(rule_id)
        return self._first(places, is_severe=rule is not None and rule.severity in _SEVERE)

    def of_finding(self, finding: Finding, gap_places: Mapping[str, Place]) -> Place:
        """Give what folds a finding; what is certain and critical counts wherever it lies."""
        subject = finding.resource
        is_severe = finding.severity in _SEVERE
        place = self._first(self._of_subject(finding), is_severe=is_severe)
        if subject.id not in self._resources:
            others = [gap_places.get(gap, COUNTS) for gap in finding.gaps]
            # A list that may hold more, because of what lies in folded folders only.
            if not subject.file and others and all(other[0] for other in others):
                place = others[0]
        return COUNTS if place[0] and self._is_certain(finding) else place

    def _first(self, places: Iterable[Place], *, is_severe: bool) -> Place:
        """Give the first that folds; a class for lesser findings leaves the severe ones."""
        left = (p for p in places if not (is_severe and self.kinds[p[0]].is_for_lesser))
        return next(left, COUNTS)

    def _of_subject(self, finding: Finding) -> tuple[Place, ...]:
        subject = finding.resource
        if subject.id in self._resources:
            return self._of.get(subject.id, ())
        about = (subject.provider, subject.scope, subject.id, subject.file)
        return self._known(self._files.of_resource(*about), subject.scope)

    def _of_resource(self, item: Resource) -> tuple[Place, ...]:
        file, root = item.origin.file, item.origin.stack
        # What a root deploys goes with the root, wherever its modules lie.
        if root and root not in (file, file.rpartition("/")[0] or "."):
            file = f"{root}/"
        places = self._files.of_resource(item.provider, item.scope, item.id, file)
        return self._known(places, item.scope)

    def _known(self, places: Collection[Place], scope: str) -> tuple[Place, ...]:
        if not places:
            return ()
        known = (place for place in places if place[0] in self.kinds)
        if target_of(scope) in self._alone:
            return tuple(place for place in known if not self.kinds[place[0]].is_shown_alone)
        return tuple(known)

    def _is_certain(self, finding: Finding) -> bool:
        """Whether it is code in a model that does harm, or a key that its own form proves."""
        if finding.status is not Status.FAIL:
            return False
        if finding.resource.provider == "files" and finding.severity is Severity.CRITICAL:
            return True
        if self._objectives.get(finding.rule) != _SECRETS:
            return False
        resource = self._resources.get(finding.resource.id)
        return resource is not None and any(
            _kind_at(resource, item.path) in _CERTAIN for item in finding.evidence
        )


def _kind_at(resource: Resource, path: str) -> object:
    """Give the kind of secret of the item of a list that a clause read."""
    match = _ITEM.match(path)
    items = resource.properties.get(match[1]) if match else None
    position = int(match[2]) if match else 0
    if not isinstance(items, (list, tuple)) or position >= len(items):
        return ""
    return items[position].get("kind", "") if isinstance(items[position], Mapping) else ""
