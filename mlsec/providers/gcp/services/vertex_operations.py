"""How Vertex AI is asked: one host per location, a listing of each kind, a policy of some."""

from __future__ import annotations

from typing import Any

from mlsec.collect.walk.plan import Operation
from mlsec.providers.gcp.route import Route

HOST = "{region-}aiplatform.googleapis.com"
# Finished jobs are kept for ever; those of the last quarter show how people work today.
JOB_WINDOW_DAYS = 90
_PAGE = 100
_HERE = "projects/{project}/locations/{region}"


def listing(name: str, noun: str, **more: Any) -> Operation:
    """Give the operation that lists a location's resources of one kind (``endpoints``)."""
    return Operation(
        service="aiplatform", name=name, action=f"aiplatform.{noun}.list", items=noun, **more
    )


def listing_route(noun: str, *, version: str = "v1", asset: str = "") -> Route:
    """Give the route of such a listing; ``asset`` without the service's host (``Endpoint``)."""
    kind = f"aiplatform.googleapis.com/{asset}" if asset else ""
    return Route(host=HOST, path=f"{version}/{_HERE}/{noun}", page_size=_PAGE, asset=kind)


def policy(name: str, noun: str) -> Operation:
    """Give the operation that reads a resource's own IAM policy; some kinds have none."""
    return Operation(
        service="aiplatform",
        name=name,
        action=f"aiplatform.{noun}.getIamPolicy",
        params={"resource": "$.name"},
        # What is there and has no policy of its own answers with an empty one.
        gone=("NOT_FOUND",),
    )


def policy_route(version: str = "v1") -> Route:
    """Give the route of such a read."""
    return Route(host=HOST, method="POST", path=version + "/{resource}:getIamPolicy")


def container(path: str) -> tuple[str, ...]:
    """Give the places in a container's specification that may hold secrets."""
    return (f"{path}.env[].value", f"{path}.args[]", f"{path}.command[]")


def job(path: str) -> tuple[str, ...]:
    """Give the places in a custom job's specification that may hold secrets."""
    pools = f"{path}.workerPoolSpecs[]"
    package = f"{pools}.pythonPackageSpec"
    return (*container(f"{pools}.containerSpec"), f"{package}.env[].value", f"{package}.args[]")
