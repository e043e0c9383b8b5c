"""Whether the content at an address is the content that was approved there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

APPROVED = "Approved"


def differs_from_approved(resource: Resource, graph: Graph) -> Known | Unknown:
    """Compare a file's version in its store with the one its approved packages were made with.

    A package that names no version cannot differ. Stores quote an etag or not; quotes are not
    part of it. Source: ModelDataETag of a SageMaker model package, ETag of an S3 object.
    """
    packages = graph.targets(resource, "packages")
    own = _plain(resource.properties.get("etag"))
    hidden = list(packages.gaps)
    for package in packages.resources:
        if package.properties.get("approval") != APPROVED:
            hidden += package.unread.get("approval", ())
            continue
        hidden += package.unread.get("containers", package.unread.get("*", ()))
        if any(_plain(pin) != own for pin in _pins(package, resource)):
            return Known(value=True)
    return Unknown(gaps=tuple(sorted(set(hidden)))) if hidden else Known(value=False)


def _pins(package: Resource, file: Resource) -> list[str]:
    """Give the versions that a package holds for this very file."""
    containers: list[Any] = package.properties.get("containers") or []
    return [
        container["artifact_etag"]
        for container in containers
        if container.get("artifact_uri") == file.id and container.get("artifact_etag")
    ]


def _plain(etag: Any) -> str:
    return str(etag or "").strip('"')


APPROVALS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "approvals.differs_from_approved": differs_from_approved,
}
