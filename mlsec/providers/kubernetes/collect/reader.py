"""Read clusters from a snapshot into an inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mlsec.collect.code.launch import Launch
from mlsec.collect.parts import leave_open, question_of
from mlsec.collect.tally import Tally
from mlsec.collect.walk.client import Client, SnapshotClient
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap, Inventory, Resource
from mlsec.providers.kubernetes.collect.listing import (
    Cluster,
    ClusterListing,
    Listed,
    ask_cluster,
    first_requests,
)
from mlsec.providers.kubernetes.objects.located_paths import from_plain
from mlsec.providers.kubernetes.objects.objects import KubeObject, group_of
from mlsec.providers.kubernetes.shapes.table import as_node
from mlsec.providers.kubernetes.tables import VERSION
from mlsec.providers.kubernetes.workloads.endpoints import ENDPOINT, NOTEBOOK, RAY
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, ReadAs
from mlsec.providers.kubernetes.workloads.proxy_routes import INGRESS, SERVICE, may_lead
from mlsec.providers.kubernetes.workloads.reading import PLAIN, read_objects
from mlsec.providers.kubernetes.workloads.resource_builder import (
    PROVIDER,
    ResourceBuilder,
    hidden_by,
)
from mlsec.providers.kubernetes.workloads.workloads import CONTAINER, WORKLOAD
from mlsec.snapshot.facts import PLACES, decode_fact, fact_of, key_of
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

CLUSTER, ACCOUNT = "kubernetes.cluster", "kubernetes.service_account"
# Resource types by kind.
_TYPES: dict[ReadAs, tuple[str, ...]] = {
    ReadAs.WORKLOAD: (WORKLOAD, CONTAINER, ENDPOINT, NOTEBOOK),
    ReadAs.ENDPOINT: (WORKLOAD, CONTAINER, ENDPOINT),
    ReadAs.RAY: (WORKLOAD, CONTAINER, RAY, ENDPOINT),
    ReadAs.ACCOUNT: (ACCOUNT,),
    ReadAs.PROXY_ROUTE: (INGRESS,),
    ReadAs.POOL: (SERVICE,),
    **{read_as: (name,) for read_as, name in PLAIN.items()},
}
# Owners that hold the same pods as what they make, also where they cannot be read themselves.
_OWNERS = frozenset(
    {
        "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "RayCluster",
        "RayService", "RayJob", "JobSet", "PyTorchJob", "TFJob", "MPIJob", "Notebook", "Workflow",
        "LeaderWorkerSet", "ReplicationController",
    }
)  # fmt: skip
_OWNED = "its owner holds the same pods"


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The resources of clusters, and how their containers are started."""

    inventory: Inventory
    launches: tuple[Launch, ...] = ()


def clusters_of(snapshot: Snapshot) -> tuple[Cluster, ...]:
    """Give the clusters of a snapshot.

    Raises:
        MlsecError: its facts are damaged.
    """
    stored = fact_of(snapshot.meta(), PROVIDER, PLACES)
    try:
        return tuple(msgspec.json.decode(stored, type=list[Cluster])) if stored else ()
    except msgspec.DecodeError:
        raise MlsecError(
            "the snapshot does not say which clusters were read", location=str(snapshot.path)
        ) from None


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give the resources of the clusters in a snapshot."""
    return read_live(snapshot, vocabulary).inventory


def walk_all(client: Client, snapshot: Snapshot, vocabulary: Vocabulary) -> frozenset[str]:
    """Ask for all that reading the clusters of a snapshot needs; name what nothing else asks."""
    del vocabulary
    for cluster in clusters_of(snapshot):
        ask_cluster(client, cluster, None)
    return frozenset()


def join_facts(snapshot: Snapshot, facts: Sequence[Mapping[str, str]], gaps: Sequence[Gap]) -> None:
    """Write which clusters were read, by the facts of several snapshots, and which were not.

    Raises:
        MlsecError: those of one are damaged.
    """
    texts = [text for fact in facts if (text := fact_of(fact, PROVIDER, PLACES))]
    known = [item for text in texts for item in decode_fact(text, list[Cluster], PLACES)]
    keep_clusters(snapshot, [*known, *(Cluster(scope=gap.scope) for gap in gaps)])
    for gap in gaps:
        leave_open(snapshot, (question_of(ask) for ask in first_requests(gap.scope)), gap)


def keep_clusters(snapshot: Snapshot, clusters: Iterable[Cluster]) -> None:
    """Add clusters to those of a snapshot."""
    known = {cluster.scope: cluster for cluster in (*clusters_of(snapshot), *clusters)}
    places = msgspec.json.encode([known[scope] for scope in sorted(known)]).decode()
    snapshot.set_meta(key_of(PROVIDER, PLACES), places)


def read_live(snapshot: Snapshot, vocabulary: Vocabulary) -> Live:
    """Give the resources of the clusters in a snapshot, with the launches of all containers."""
    tally = Tally()
    resources: list[Resource] = []
    launches: list[Launch] = []
    client = SnapshotClient(snapshot)
    for cluster in clusters_of(snapshot):
        in_cluster, started = _read_cluster(client, cluster, vocabulary, tally)
        resources += in_cluster
        launches += started
    return Live(
        inventory=Inventory(
            resources=tuple(resources),
            gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)),
            coverage=tally.coverage(),
        ),
        launches=tuple(launches),
    )


def _read_cluster(
    client: Client, cluster: Cluster, vocabulary: Vocabulary, tally: Tally
) -> tuple[list[Resource], tuple[Launch, ...]]:
    seen = ask_cluster(client, cluster, None)
    builder = ResourceBuilder(cluster.scope, vocabulary, tally)
    _account(seen, builder)
    things = [thing for listed in seen.listed for thing in _objects(listed, cluster, builder)]
    launches = read_objects(things, builder)
    _cluster(seen, cluster, builder)
    return builder.resources, launches


def _account(seen: ClusterListing, builder: ResourceBuilder) -> None:
    """Record every type that was listed, and the gaps that hide some of it."""
    for listed in seen.listed:
        for name in _TYPES.get(listed.kind.read_as, ()):
            place = (name, builder.scope, "")
            builder.tally.look(place)
            if listed.gap is not None:
                builder.tally.hide(place, listed.gap, is_listing=True)
    for gap in seen.gaps:
        builder.tally.gaps[gap.id] = gap
    ways = [kind for kind in seen.unknown if may_lead(kind)]
    if ways:
        detail = f"nothing reads {', '.join(ways[:5])}, which may lead to services"
        gap = make_gap(
            scope=builder.scope, subject=builder.scope, wanted=INGRESS,
            reason=GapReason.UNSUPPORTED, detail=detail,
        )  # fmt: skip
        builder.tally.hide((INGRESS, builder.scope, ""), gap, is_listing=True)


def _objects(listed: Listed, cluster: Cluster, builder: ResourceBuilder) -> Iterator[KubeObject]:
    for item in listed.items:
        thing = _object(listed, cluster, item)
        if thing is None:
            _note_lost(listed, builder)
        elif _is_owned(item) and listed.kind.read_as in (ReadAs.WORKLOAD, ReadAs.RAY):
            builder.tally.exclude((WORKLOAD, builder.scope, ""), _OWNED)
        else:
            yield thing


def _object(listed: Listed, cluster: Cluster, item: Any) -> KubeObject | None:
    meta = item.get("metadata") if isinstance(item, dict) else None
    name = meta.get("name") if isinstance(meta, dict) else None
    if not isinstance(name, str) or not isinstance(meta, dict):
        return None
    kind = listed.kind
    namespace = str(meta.get("namespace") or "")
    header = {"apiVersion": _version(item, kind.group), "kind": kind.kind}
    label = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    place = cluster.scope.partition("/")[2]
    return KubeObject(
        id=f"k8s://{place}/{namespace or '-'}/{label}/{name}",
        scope=cluster.scope,
        group=kind.group,
        kind=kind.kind,
        namespace=namespace,
        name=name,
        node=from_plain({**item, **header}),
        call=listed.call,
    )


def _version(item: Any, group: str) -> str:
    given = str(item.get("apiVersion") or "")
    return given if group_of(given) == group and given else (f"{group}/v1" if group else "v1")


def _note_lost(listed: Listed, builder: ResourceBuilder) -> None:
    gap = make_gap(
        scope=builder.scope,
        subject=listed.namespace or builder.scope,
        wanted=f"{listed.kind.group or 'core'}:List{listed.kind.kind}",
        reason=GapReason.MALFORMED,
        detail="an item without a name",
    )
    for name in _TYPES.get(listed.kind.read_as, ()):
        builder.tally.hide((name, builder.scope, ""), gap, is_listing=True)


def _is_owned(item: dict[str, Any]) -> bool:
    owners = item["metadata"].get("ownerReferences")
    return isinstance(owners, list) and any(
        isinstance(owner, dict)
        and owner.get("controller")
        and owner.get("kind") in _OWNERS
        and (group_of(str(owner.get("apiVersion") or "")), owner["kind"]) in BY_KIND
        for owner in owners
    )


def _cluster(seen: ClusterListing, cluster: Cluster, builder: ResourceBuilder) -> None:
    place = cluster.scope.partition("/")[2]
    cluster_id = f"k8s://{place}"
    thing = KubeObject(
        id=cluster_id, scope=cluster.scope, group="", kind="Cluster", namespace="", name=place,
        node=as_node({}),
    )  # fmt: skip
    hidden = {}
    if any(gap.wanted == VERSION.label for gap in seen.gaps):
        hidden["version"] = hidden_by("the server does not report its version")
    if any(gap.wanted != VERSION.label for gap in seen.gaps):
        hidden["skipped_objects"] = hidden_by("the server does not list all of its kinds")
    views = {
        "Seen": as_node({"id": cluster_id, "name": place, "not_read": _not_read(seen, cluster)}),
        "Version": as_node({"gitVersion": seen.version} if seen.version else {}),
    }
    builder.add(CLUSTER, thing, views, hidden=hidden)


def _not_read(seen: ClusterListing, cluster: Cluster) -> list[dict[str, str]]:
    parts = [{"what": f"{kind}: no reader of this kind"} for kind in seen.unknown]
    if cluster.namespaces:
        parts.append({"what": f"other namespaces than {', '.join(cluster.namespaces)}"})
    return parts
