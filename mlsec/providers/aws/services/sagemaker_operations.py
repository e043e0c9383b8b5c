"""How SageMaker names its read operations: a listing, and a describe call by name."""

from __future__ import annotations

import msgspec

from mlsec.collect.walk.plan import Bulk, Operation

# A job that ran once is judged by how it was made; older ones than this are left out.
JOB_WINDOW_DAYS = 90


def listing(name: str, items: str, **params: object) -> Operation:
    """Give the listing operation ``name`` whose answer holds its entries at ``items``."""
    return Operation(service="sagemaker", name=name, items=items, params=params)


def redacted(operation: Operation, *paths: str) -> Operation:
    """Give the operation with the paths of values that may hold secrets."""
    return msgspec.structs.replace(operation, redact=paths)


def describe(name: str, key: str, entry: str = "", redact: tuple[str, ...] = ()) -> Operation:
    """Give the describe operation ``name`` that asks by parameter ``key``.

    ``entry`` is the listing entry's key that holds the value, when it is not named like ``key``.
    """
    return Operation(
        service="sagemaker",
        name=name,
        params={key: f"$.{entry or key}"},
        # Most SageMaker calls say ValidationException for a name that is gone, as they do for a bad
        # request; only the code that means nothing else may take an item out of the inventory.
        gone=("ResourceNotFound",),
        redact=redact,
    )


MODEL_SECRETS = ("PrimaryContainer.Environment.*", "Containers[].Environment.*")
PACKAGE_SECRETS = (
    "InferenceSpecification.Containers[].Environment.*",
    "AdditionalInferenceSpecifications[].Containers[].Environment.*",
    "ValidationSpecification.ValidationProfiles[].TransformJobDefinition.Environment.*",
)
# An operation is redacted the same way whoever asks it, so this holds for every kind searched.
_SEARCH_SECRETS = (
    *(f"Results[].Model.Model.{path}" for path in MODEL_SECRETS),
    "Results[].Model.LastBatchTransformJob.Environment.*",
    *(f"Results[].ModelPackage.{path}" for path in PACKAGE_SECRETS),
)


def search(kind: str, item: str, stands_for: str, key: str) -> Bulk:
    """Give the bulk search for all of a kind, whose items stand at ``item`` in each result."""
    operation = Operation(
        service="sagemaker",
        name="Search",
        params={"Resource": kind},
        items="Results",
        redact=_SEARCH_SECRETS,
    )
    return Bulk(operation=operation, stands_for=stands_for, key=key, item=item)
