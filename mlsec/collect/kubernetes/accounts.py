"""Service accounts: those that are declared, and those that are only referred to."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.collect.kubernetes.kinds import BY_KIND, ReadAs
from mlsec.collect.kubernetes.objects import KubeObject
from mlsec.collect.kubernetes.seat import Seat, hidden_by
from mlsec.collect.kubernetes.shapes import as_node
from mlsec.collect.kubernetes.workloads import Ran
from mlsec.core.resource import Resource

ACCOUNT = "kubernetes.service_account"


def read_account(thing: KubeObject, seat: Seat) -> None:
    """Make an account of its own object."""
    seen = as_node({
        "id": thing.id, "name": thing.name, "namespace": thing.namespace, "is_declared": True,
    })  # fmt: skip
    seat.add(ACCOUNT, thing, {"Object": thing.node, "Seen": seen})


def read_implied(
    things: Iterable[KubeObject], ran: Iterable[Ran], endpoints: Iterable[Resource], seat: Seat
) -> None:
    """Make an account of each that is used or bound, and declared nowhere in this scope."""
    known = {_key(t.namespace, t.name) for t in things if t.kind == "ServiceAccount"}
    wanted: dict[tuple[str, str], KubeObject] = {}
    for each in ran:
        named = each.resource.properties.get("account_name")
        if isinstance(named, str):
            wanted.setdefault(_key(each.thing.namespace, named), each.thing)
    by_id = {thing.id: thing for thing in things}
    for endpoint in endpoints:
        named = endpoint.properties.get("account_name")
        thing = by_id.get(endpoint.id.rpartition("!")[0].partition("#/")[0])
        if isinstance(named, str) and thing is not None:
            wanted.setdefault(_key(thing.namespace, named), thing)
    for thing in things:
        told = BY_KIND.get((thing.group, thing.kind))
        if told is not None and told.read_as is ReadAs.BINDING:
            for subject in thing.node.items("subjects"):
                if subject.text("kind") == "ServiceAccount" and subject.text("name"):
                    space = subject.text("namespace") or thing.namespace
                    wanted.setdefault(_key(space, subject.text("name")), thing)
    for (namespace, name), thing in wanted.items():
        if not _is_known(known, namespace, name):
            _implied(namespace, name, thing, seat)


def _implied(namespace: str, name: str, thing: KubeObject, seat: Seat) -> None:
    seen = as_node({
        "id": "", "name": name, "namespace": namespace, "is_declared": False,
    })  # fmt: skip
    where = "in the code at hand" if thing.file is not None else "in what was collected"
    why = hidden_by(f"the service account {name} is not declared {where}")
    hidden = dict.fromkeys(
        ("mounts_token", "aws_role", "gcp_account", "azure_client", "pull_secrets"), why
    )
    seat.add(
        ACCOUNT, thing, {"Seen": seen}, name=name, hidden=hidden,
        id=f"{thing.scope}#ServiceAccount/{namespace or '-'}/{name}",
    )  # fmt: skip


def _key(namespace: str, name: str) -> tuple[str, str]:
    return namespace, name


def _is_known(known: set[tuple[str, str]], namespace: str, name: str) -> bool:
    """Whether it is declared; a namespace that is left out may be any."""
    if (namespace, name) in known:
        return True
    return any(n == name and "" in (space, namespace) for space, n in known)
