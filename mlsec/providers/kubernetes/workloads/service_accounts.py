"""Service accounts: declared ones, and those that are only referred to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from mlsec.core.resource import Resource
from mlsec.providers.kubernetes.objects.objects import KubeObject
from mlsec.providers.kubernetes.shapes.table import as_node
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, ReadAs
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder, hidden_by
from mlsec.providers.kubernetes.workloads.workloads import ReadWorkload

ACCOUNT = "kubernetes.service_account"


def read_account(thing: KubeObject, builder: ResourceBuilder) -> None:
    """Add a declared account."""
    seen = as_node({
        "id": thing.id, "name": thing.name, "namespace": thing.namespace, "is_declared": True,
    })  # fmt: skip
    builder.add(ACCOUNT, thing, {"Object": thing.node, "Seen": seen})


def read_implied(
    things: Iterable[KubeObject],
    ran: Iterable[ReadWorkload],
    endpoints: Iterable[Resource],
    builder: ResourceBuilder,
) -> None:
    """Add the accounts that are used or bound, but not declared in this scope."""
    known: dict[str, list[KubeObject]] = {}
    for each_thing in things:
        if each_thing.kind == "ServiceAccount":
            known.setdefault(each_thing.name, []).append(each_thing)
    wanted: dict[tuple[str, str], KubeObject] = {}
    # What is asked of an account is asked where models run as it.
    for workload in sorted(ran, key=lambda item: item.resource.properties.get("is_ml") is not True):
        named = workload.resource.properties.get("account_name")
        if isinstance(named, str):
            wanted.setdefault(_key(workload.thing.namespace, named), workload.thing)
    by_id = {thing.id: thing for thing in things}
    for endpoint in endpoints:
        named = endpoint.properties.get("account_name")
        thing = by_id.get(endpoint.id.rpartition("!")[0].partition("#/")[0])
        if isinstance(named, str) and thing is not None:
            wanted.setdefault(_key(thing.namespace, named), thing)
    for key, thing in _bound(things):
        wanted.setdefault(key, thing)
    for (namespace, name), thing in wanted.items():
        if not _is_known(known.get(name, []), namespace, thing):
            _implied(namespace, name, thing, builder)


def _bound(things: Iterable[KubeObject]) -> Iterator[tuple[tuple[str, str], KubeObject]]:
    """Give the accounts that bindings name."""
    for thing in things:
        known_kind = BY_KIND.get((thing.group, thing.kind))
        if known_kind is None or known_kind.read_as is not ReadAs.BINDING:
            continue
        for subject in thing.node.items("subjects"):
            if subject.text("kind") == "ServiceAccount" and subject.text("name"):
                space = subject.text("namespace") or thing.namespace
                yield _key(space, subject.text("name")), thing


def _implied(namespace: str, name: str, thing: KubeObject, builder: ResourceBuilder) -> None:
    seen = as_node({
        "id": "", "name": name, "namespace": namespace, "is_declared": False,
    })  # fmt: skip
    where = "in the scanned code" if thing.file is not None else "in the collected data"
    why = hidden_by(f"the service account {name} is not declared {where}")
    hidden = dict.fromkeys(
        ("mounts_token", "aws_role", "gcp_account", "azure_client", "pull_secrets"), why
    )
    # It belongs to none of the renderings that use it.
    builder.add(
        ACCOUNT, msgspec.structs.replace(thing, stack="", scenario=""), {"Seen": seen},
        name=name, hidden=hidden,
        id=f"{thing.scope}#ServiceAccount/{namespace or '-'}/{name}",
    )  # fmt: skip


def _key(namespace: str, name: str) -> tuple[str, str]:
    return namespace, name


def _is_known(known: list[KubeObject], namespace: str, user: KubeObject) -> bool:
    """Whether an account is declared; a missing namespace matches any in one part of a folder."""
    return any(
        account.namespace == namespace
        or ("" in (account.namespace, namespace) and _part(account) in (_part(user), ""))
        for account in known
    )


def _part(thing: KubeObject) -> str:
    """Give the top-level folder of an object's file; "" at the top."""
    first, slash, _ = thing.file.path.partition("/") if thing.file is not None else ("", "", "")
    return first if slash else ""
