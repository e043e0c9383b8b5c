"""The readers of infrastructure code; each is loaded only where a target has its language."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.collect.code.code_file import CodeScope, Declared, Language
from mlsec.collect.walk.mapping import Shapes
from mlsec.collect.walk.plan import TypePlan
from mlsec.vocabulary.types import Vocabulary


def shapes_of(provider: str) -> Shapes:
    """Give a provider's shapes: a declared value becomes a property as an answered one does."""
    match provider:
        case "aws":
            from mlsec.providers.aws.shapes.table import SHAPES as AWS  # noqa: PLC0415 - only when declared

            return AWS
        case "azure":
            from mlsec.providers.azure.shapes.table import SHAPES as AZURE  # noqa: PLC0415

            return AZURE
        case _:
            from mlsec.providers.gcp.shapes.table import SHAPES as GCP  # noqa: PLC0415

            return GCP


def referred_of(provider: str) -> frozenset[str]:
    """Name the types of a provider that are read only where something of ML refers to them."""
    plans: tuple[TypePlan, ...]
    match provider:
        case "aws":
            from mlsec.providers.aws.collect import reader as aws  # noqa: PLC0415 - only when declared

            plans = aws.plans()
        case "azure":
            from mlsec.providers.azure.collect import reader as azure  # noqa: PLC0415

            plans = azure.plans()
        case _:
            from mlsec.providers.gcp import tables as gcp  # noqa: PLC0415

            plans = gcp.plans()
    return frozenset(plan.type for plan in plans if plan.is_referred)


def _terraform(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    languages = (Language.TERRAFORM, Language.TERRAFORM_VALUES, Language.TERRAFORM_PLAN)
    if not scope.written_in(*languages):
        return Declared()
    from mlsec.iac.terraform import reader as terraform  # noqa: PLC0415 - only where there is such code

    return terraform.read(scope, vocabulary, shapes_of, referred_of)


def _cloudformation(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.CLOUDFORMATION):
        return Declared()
    from mlsec.iac.cloudformation import reader as cloudformation  # noqa: PLC0415 - only where there are templates

    return cloudformation.read(scope, vocabulary, shapes_of, referred_of)


def _arm(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.ARM, Language.BICEP):
        return Declared()
    from mlsec.iac.arm import reader as arm  # noqa: PLC0415 - only where there are templates

    return arm.read(scope, vocabulary, shapes_of, referred_of)


INFRASTRUCTURE: tuple[Callable[[CodeScope, Vocabulary], Declared], ...] = (
    _terraform,
    _cloudformation,
    _arm,
)
