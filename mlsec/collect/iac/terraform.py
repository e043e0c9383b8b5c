"""Terraform code of a target: its roots worked out, and told as declarations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from mlsec.collect.code_file import CodeScope, Declared, Language
from mlsec.collect.iac.declaration import Declaration
from mlsec.collect.iac.hcl.parse import can_parse
from mlsec.collect.iac.hcl.resolve import KIND, Resolver
from mlsec.collect.iac.hcl.target import Target
from mlsec.collect.iac.resources import ShapesOf, declare
from mlsec.core.closed_sets import GapReason
from mlsec.core.vocabulary import Vocabulary

_MISSING = "the parser of Terraform is not installed: pip install 'mlsec[iac]'"
_CODE = (Language.TERRAFORM, Language.TERRAFORM_VALUES)


def read(
    scope: CodeScope,
    vocabulary: Vocabulary,
    shapes_of: ShapesOf,
    *,
    has_parser: bool | None = None,
) -> Declared:
    """Give what the Terraform code of a target declares."""
    if not scope.written_in(*_CODE):
        return Declared()
    if not (can_parse() if has_parser is None else has_parser):
        for file in scope.written_in(*_CODE):
            scope.take(file)
            scope.refuse(file, _MISSING, reason=GapReason.UNSUPPORTED)
        return Declared()
    return declare(scope, vocabulary, _declarations(scope, vocabulary), shapes_of)


def _declarations(scope: CodeScope, vocabulary: Vocabulary) -> Iterator[Declaration]:
    table = vocabulary.declared.get(KIND, {})
    for _, declared in groupby(Target(scope).declarations(), key=lambda each: each.root):
        yield from Resolver(declared, table).told()
