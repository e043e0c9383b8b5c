"""Terraform code and plans of a target, worked out and given as declarations."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

import msgspec

from mlsec.collect.code.code_file import CodeScope, Declared, Language
from mlsec.collect.located.located import UnknownValue, over_limit
from mlsec.collect.walk.plan import Referred
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.iac.mapping.declaration import Declaration
from mlsec.iac.mapping.resources import ReferredOf, ShapesOf, declare
from mlsec.iac.terraform.declaration import Declaration as TerraformDeclaration
from mlsec.iac.terraform.kubernetes_objects import taken_apart, with_documents
from mlsec.iac.terraform.plan import Plan
from mlsec.iac.terraform.resolve import Resolver
from mlsec.iac.terraform.syntax.parse import can_parse
from mlsec.iac.terraform.target import Target
from mlsec.iac.terraform.type_tables import may_join
from mlsec.vocabulary.iac_mapping import Tables
from mlsec.vocabulary.types import Vocabulary

_MISSING = "the parser of Terraform is not installed: mlsec doctor names the command"
_CUT = over_limit("more was declared than was worked out, and what was left out may set it")
# What a root is called that is applied without naming a file of values.
_NO_FILE = "no file of values"
_CODE = (Language.TERRAFORM, Language.TERRAFORM_VALUES, Language.TERRAFORM_MODULES)


def read(
    scope: CodeScope,
    vocabulary: Vocabulary,
    shapes_of: ShapesOf,
    referred_of: ReferredOf = lambda _: Referred(),
    *,
    has_parser: bool | None = None,
) -> Declared:
    """Give what the Terraform code and the plans of a target declare."""
    plans = list(_plans(scope))
    target: Target | None = None
    if not (can_parse() if has_parser is None else has_parser):
        for file in scope.written_in(*_CODE):
            scope.take(file)
            scope.refuse(file, _MISSING, reason=GapReason.UNSUPPORTED)
    elif scope.written_in(*_CODE):
        target = Target(scope, vocabulary.adapters)
    declarations = taken_apart(_declarations(plans, target, vocabulary.declared), scope)
    offers = target.offers() if target is not None else {}
    return declare(scope, vocabulary, declarations, shapes_of, referred_of, offers)


def _declarations(
    plans: list[Plan], target: Target | None, tables: Tables
) -> Iterator[Declaration]:
    """A plan stands for the code that it was made of, where that is in the target as well."""
    # One that is committed may be old, or written by hand: it is judged beside the code.
    planned = {_root_of(plan, target): plan for plan in plans if not plan.file.is_committed}
    if target is not None:
        target.planned = frozenset(planned)
    for root in target.roots() if target is not None else ():
        plan = planned.get(root)
        if target is not None and plan is None:
            yield from _of_code(root, target, tables)
        elif target is not None and plan is not None:
            declared = list(target.declared_in(root))
            shown = declared[0].root if declared else root
            code = {item.address: item for item in declared}
            yield from _resolved(plan.declarations(code, shown), tables)
    for plan in plans:
        if not _is_matched(plan, planned, target):
            yield from _resolved(plan.declarations({}, plan.file.shown), tables)


def _of_code(root: str, target: Target, tables: Tables) -> Iterator[Declaration]:
    """Give what a root declares, once for each file of values that it is applied with."""
    scenarios = target.scenarios(root)
    for number, values in enumerate(scenarios):
        declared = list(target.declared_in(root, values))
        is_cut = any(may_join(kind, tables) for kind in target.cut.get(root, ()))
        made = _resolved(declared, tables, _CUT if is_cut else None)
        if len(scenarios) == 1:
            yield from made
            continue
        name = posixpath.relpath(values.path, root or ".") if values else _NO_FILE
        for item in made:
            yield msgspec.structs.replace(item, scenario=name, is_variant=number > 0)


def _resolved(
    declared: Iterable[TerraformDeclaration], tables: Tables, why_open: UnknownValue | None = None
) -> Iterator[Declaration]:
    return Resolver(map(with_documents, declared), tables, why_open).resolved()


def _is_matched(plan: Plan, planned: dict[str, Plan], target: Target | None) -> bool:
    root = _root_of(plan, target)
    return target is not None and root in target.modules and planned.get(root) is plan


def _root_of(plan: Plan, target: Target | None) -> str:
    """Give the root module that has all that the plan's has, "" + its file's id for none."""
    wanted, calls = plan.keys(), plan.calls()
    for root, module in target.modules.items() if target is not None and (wanted or calls) else ():
        if wanted <= module.of_kind("resource").keys() and calls <= module.of_kind("module").keys():
            return root
    return f"\0{plan.file.id}"


def _plans(scope: CodeScope) -> Iterator[Plan]:
    for file in scope.written_in(Language.TERRAFORM_PLAN):
        scope.take(file)
        try:
            yield Plan(file)
        except MlsecError as error:
            scope.refuse_error(file, error, "no plan: ")
