"""The readers of infrastructure code; each is loaded only where a target has its language."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.collect.code.code_file import CodeScope, Declared, Language
from mlsec.collect.walk.mapping import Shapes
from mlsec.collect.walk.plan import Referred, TypePlan
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


def referred_of(provider: str) -> Referred:
    """Name the types of a provider that are read only where something of ML refers to them."""
    plans: tuple[TypePlan, ...]
    named = None
    match provider:
        case "aws":
            from mlsec.providers.aws.collect import reader as aws  # noqa: PLC0415 - only when declared
            from mlsec.providers.aws.named_buckets import named_buckets  # noqa: PLC0415

            plans, named = aws.plans(), named_buckets
        case "azure":
            from mlsec.providers.azure.collect import reader as azure  # noqa: PLC0415
            from mlsec.providers.azure.tool_networks import groups_of_tools  # noqa: PLC0415

            plans, named = azure.plans(), groups_of_tools
        case _:
            from mlsec.providers.gcp import tables as gcp  # noqa: PLC0415

            plans = gcp.plans()
    types = frozenset(plan.type for plan in plans if plan.is_referred)
    return Referred(types=types, named=named)


def _terraform(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    languages = (
        Language.TERRAFORM, Language.TERRAFORM_VALUES, Language.TERRAFORM_PLAN,
        Language.TERRAFORM_MODULES,
    )  # fmt: skip
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


def _pulumi(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.PULUMI, Language.PULUMI_OUTPUT):
        return Declared()
    from mlsec.iac.pulumi import reader as pulumi  # noqa: PLC0415 - only where there is such a project

    return pulumi.read(scope, vocabulary, shapes_of, referred_of)


def _azure_ml(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.AZURE_ML, Language.CONDA):
        return Declared()
    from mlsec.iac.azure_ml import reader as azure_ml  # noqa: PLC0415 - only where there are such files

    return azure_ml.read(scope, vocabulary, shapes_of)


def _python(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.PYTHON, Language.NOTEBOOK, Language.SERVER_CONFIG):
        return Declared()
    from mlsec.iac.python import reader as python  # noqa: PLC0415 - only where there is Python

    return python.read(scope, vocabulary, shapes_of, referred_of)


def _javascript(scope: CodeScope, _vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.JAVASCRIPT):
        return Declared()
    from mlsec.iac.javascript import reader as javascript  # noqa: PLC0415 - few targets have any

    return javascript.read(scope)


def _cdk(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.CDK_CODE, Language.PYTHON):
        return Declared()
    from mlsec.iac.cdk import reader as cdk  # noqa: PLC0415 - only where there are such apps

    return cdk.read(scope, vocabulary, shapes_of, referred_of)


INFRASTRUCTURE: tuple[Callable[[CodeScope, Vocabulary], Declared], ...] = (
    _terraform,
    _pulumi,
    _cloudformation,
    _arm,
    _azure_ml,
    _python,
    _javascript,
    _cdk,
)
