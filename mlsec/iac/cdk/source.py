"""One source file of a CDK app: what its constructs synthesise, as a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.calls import Evaluation
from mlsec.iac.cdk.constructs.policies import plain_of
from mlsec.iac.cdk.constructs.settings import opened_by_settings
from mlsec.iac.cdk.constructs.table import CONSTRUCTS, method
from mlsec.iac.cdk.syntax.tree import Source
from mlsec.iac.cdk.template import Building, Item
from mlsec.iac.cdk.values import OPEN, Made, Symbol
from mlsec.iac.mapping.path_lookup import fold

_OLD = UnknownValue("what the first version of the CDK does by default is not known here")
_CHECKS = ("cdk_nag", "cdk-nag")
_ASPECTS = "core.aspects.of"
_TAGS = ("core.tags.of", "core.tag.of")
_BOUNDARY = "awsiam.permissionsboundary.of"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What the tables of templates say: types and their attributes, by their folded names."""

    types: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, str]]


class Worked(msgspec.Struct, kw_only=True, eq=False):
    """A file whose calls are worked out."""

    evaluation: Evaluation
    is_old: bool

    def rewritten(self, looking: frozenset[str]) -> UnknownValue | None:
        """Say why nothing is as it is written: the app visits every construct and may set it.

        ``looking`` are the classes of the app that only look at what they visit.
        """
        for made in self.evaluation.made:
            of = made.of
            if made.kind != ".add" or not isinstance(of, Made) or of.kind != _ASPECTS:
                continue
            first, visited = made.argument(0), of.argument(0)
            value = first.value if first is not None else None
            path = value.path if isinstance(value, Made) else ""
            of_one = visited is not None and isinstance(visited.value, Made)
            is_own = of_one and visited is not None and visited.value.path.startswith("aws_")
            only_looks = path.startswith(_CHECKS) or path.rpartition(".")[2] in looking
            if not only_looks and not is_own:
                return UnknownValue(f"an aspect (line {made.line}) may set anything of the app")
        return None

    @property
    def tagged(self) -> UnknownValue | None:
        """Say why the tags of what is made are not known: the app sets some on all of it."""
        for made in self.evaluation.made:
            of = made.of
            if made.kind == ".add" and isinstance(of, Made) and of.kind in _TAGS:
                return UnknownValue(f"tags (line {made.line}) are set on a part of the app")
        return None

    @property
    def loose(self) -> frozenset[str]:
        """Name the methods that are called on what is not known."""
        bounds = any(made.kind == _BOUNDARY for made in self.evaluation.made)
        return frozenset(self.evaluation.loose | ({"permissionsboundary.of"} if bounds else set()))


def work_out(
    source: Source, budget: Budget, constants: Callable[[str], Any], *, is_old: bool
) -> Worked:
    """Work out all calls of a file; ``constants`` looks up what it imports of other files."""
    evaluation = Evaluation(source, budget, constants)
    evaluation.run()
    return Worked(evaluation=evaluation, is_old=is_old)


def synthesised(
    worked: Worked,
    names: Names,
    loose: frozenset[str],
    everywhere: tuple[UnknownValue | None, UnknownValue | None],
    budget: Budget,
    tell: Callable[[str, int], None],
) -> dict[str, Item]:
    """Give the resources of a file's constructs; the gap of the app stands for all others.

    ``everywhere`` says why nothing, or no tag, of what any file makes is as it is written.
    """
    old = _OLD if worked.is_old else None
    building = Building(names.attributes, worked.loose, loose, old, plain_of)
    building.rewritten, building.tagged = everywhere
    constructs = [made for made in worked.evaluation.made if _is_construct(made)]
    wanted = {id(made) for made in constructs}
    for made in constructs:
        kind = _type_of(made, names)
        if kind:
            building.expect(made, kind)
    for made in worked.evaluation.made:
        try:
            with budget.unit():
                budget.spend(50)
                if made.of is not None:
                    method(building, made)
                elif id(made) in wanted:
                    _add(building, made, names)
        except (OverLimitError, RecursionError) as error:
            tell(str(error) or "nested too deep", made.line)
    return building.items


def _type_of(made: Made, names: Names) -> str:
    known = CONSTRUCTS.get(made.kind)
    if known is not None:
        return known[0]
    return names.types.get(made.kind, "") or _other_type(made)


def _other_type(made: Made) -> str:
    """Name the type of a resource that no table has."""
    module, _, name = made.path.rpartition(".")
    if not name.startswith("Cfn") or not module.startswith("aws_"):
        return ""
    return f"AWS::{module.removeprefix('aws_').title().replace('_', '')}::{name[3:]}"


def _is_construct(made: Made) -> bool:
    """Whether a call makes a construct: it is given the one that it belongs to, and an id."""
    if made.of is not None:
        return False
    if made.get("scope") is not None and made.get("id") is not None and OPEN not in made.props:
        return True
    first, second = made.argument(0), made.argument(1)
    if first is None or second is None:
        return False
    is_scope = isinstance(first.value, Made | UnknownValue) or first.value == Symbol("this")
    has_id = isinstance(second.value, str | UnknownValue | Mapping)
    return is_scope and has_id and made.name[:1].isupper()


def _add(building: Building, made: Made, names: Names) -> None:
    """Add what a construct synthesises; nothing for one that is not understood."""
    known = CONSTRUCTS.get(made.kind)
    if known is not None:
        known[1](building, made)
        return
    kind = _type_of(made, names)
    if not kind:
        return
    body: dict[str, Node | None] = {
        name: building.lower(node)
        for name, node in made.props.items()
        if name not in (OPEN, "scope", "id")
    }
    folded = {fold(name): name for name in body}
    for done in made.applied:
        if done.name.endswith("=") and "." not in done.name:
            body[folded.get(done.name[:-1], done.name[:-1])] = building.lower(done.arguments[0])
    building.add(made, kind, body, opened=opened_by_settings(made))
