"""Collect a cluster into a snapshot: one list per kind, GET only."""

from __future__ import annotations

import msgspec

from mlsec.collect.client.paged_client import PagedClient
from mlsec.collect.run_facts import effort, note_end, note_identity, note_start, salt_of
from mlsec.collect.settings import CollectSettings, Progress, live_settings
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.providers.kubernetes.client.session import Session, open_session
from mlsec.providers.kubernetes.client.transport import KubeTransport
from mlsec.providers.kubernetes.collect.cleaning import Cleaner
from mlsec.providers.kubernetes.collect.listing import Cluster, ClusterListing, ask_cluster
from mlsec.providers.kubernetes.collect.reader import clusters_of
from mlsec.providers.kubernetes.tables import CORE, table_of
from mlsec.providers.kubernetes.workloads.resource_builder import PROVIDER
from mlsec.snapshot.facts import PLACES, PRINCIPAL, fact_of, key_of
from mlsec.snapshot.store import Snapshot


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """List all kinds that rules read in a cluster and store every answer.

    Raises:
        MlsecError: what the user must mend first: target, kubeconfig, a server that is not there.
        KeyboardInterrupt: stopped by the user; the part file is kept for --resume.
    """
    session = open_session(target, settings.in_flight)
    try:
        cluster = Cluster(
            scope=f"{PROVIDER}/{session.context}",
            namespaces=session.namespaces,
            has_configmaps=settings.has_configmaps,
        )
        _note_start(snapshot, settings, session, cluster)
        client = PagedClient(
            KubeTransport(session, (settings.connect_timeout_s, settings.read_timeout_s)),
            snapshot,
            table_of(has_configmaps=settings.has_configmaps),
            Cleaner(salt_of(snapshot, settings)),
            live_settings(settings),
        )
        try:
            seen = ask_cluster(client, cluster, progress)
        finally:
            client.stop()
        _refuse_silence(seen, session)
    finally:
        session.close()
    note_end(snapshot)


def check(target: str, settings: CollectSettings) -> None:
    """Read the kubeconfig without any request, so that configuration errors show at once.

    Raises:
        MlsecError: the target or the kubeconfig is wrong.
    """
    del settings
    open_session(target).close()


def _refuse_silence(seen: ClusterListing, session: Session) -> None:
    """Raise an error if the server answered no request at all."""
    if any(listed.items or (listed.call and listed.gap is None) for listed in seen.listed):
        return
    gaps = {gap.wanted: gap for gap in seen.gaps}
    first = gaps.get(CORE.label)
    if first is None:
        return
    why = first.detail or first.reason.value
    raise MlsecError(
        f"the cluster of {visible(session.context, 80)} answered nothing: {why}",
        hint="check it with kubectl version, and the rights with mlsec doctor --policy kubernetes",
    )


def _note_start(
    snapshot: Snapshot, settings: CollectSettings, session: Session, cluster: Cluster
) -> None:
    """Record principal, target and start; a resumed collection keeps its first start and salt."""
    note_start(snapshot)
    earlier = fact_of(snapshot.meta(), PROVIDER, PRINCIPAL)
    names = dict.fromkeys([*filter(None, earlier.split(", ")), session.principal])
    configmaps = "read" if settings.has_configmaps else "not asked for"
    shown = {**effort(settings), "configmaps": configmaps}
    note_identity(snapshot, PROVIDER, ", ".join(names), shown)
    clusters = {known.scope: known for known in clusters_of(snapshot)} | {cluster.scope: cluster}
    places = msgspec.json.encode([clusters[scope] for scope in sorted(clusters)]).decode()
    snapshot.set_meta(key_of(PROVIDER, PLACES), places)
