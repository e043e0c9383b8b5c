"""Collect a cluster into a snapshot: one list per kind, GET only."""

from __future__ import annotations

from mlsec.collect.client.paged_client import PagedClient
from mlsec.collect.parts import Part, Question, ask_all
from mlsec.collect.run_facts import effort, note_end, note_identity, note_start, salt_of
from mlsec.collect.settings import CollectSettings, Progress, live_settings
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.providers.kubernetes.client.session import Session, open_session
from mlsec.providers.kubernetes.client.transport import KubeTransport
from mlsec.providers.kubernetes.collect.cleaning import Cleaner
from mlsec.providers.kubernetes.collect.listing import Cluster, ClusterListing, ask_cluster
from mlsec.providers.kubernetes.collect.reader import keep_clusters
from mlsec.providers.kubernetes.tables import CORE, table_of
from mlsec.providers.kubernetes.workloads.resource_builder import PROVIDER
from mlsec.snapshot.facts import PRINCIPAL, fact_of
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
        client = _client(session, snapshot, settings)
        try:
            seen = ask_cluster(client, cluster, progress)
        finally:
            client.stop()
        _refuse_silence(seen, session)
    finally:
        session.close()
    note_end(snapshot)


def find_parts(target: str, snapshot: Snapshot, settings: CollectSettings) -> tuple[Part, ...]:
    """Give the one cluster of a target; nothing is asked.

    Raises:
        MlsecError: the target or the kubeconfig is wrong.
    """
    del snapshot
    session = open_session(target, settings.in_flight)
    session.close()
    scope = f"{PROVIDER}/{session.context}"
    return (Part(scope=scope, target=target, lane=scope),)


def ask(
    target: str, snapshot: Snapshot, settings: CollectSettings, questions: tuple[Question, ...]
) -> None:
    """Ask a cluster what another collection left open.

    Raises:
        MlsecError: as ``collect``.
    """
    session = open_session(target, settings.in_flight)
    client = _client(session, snapshot, settings)
    try:
        note_start(snapshot)
        ask_all(client, table_of(has_configmaps=settings.has_configmaps), questions)
    finally:
        client.stop()
        session.close()
    note_end(snapshot)


def check(target: str, settings: CollectSettings) -> None:
    """Read the kubeconfig without any request, so that configuration errors show at once.

    Raises:
        MlsecError: the target or the kubeconfig is wrong.
    """
    del settings
    open_session(target).close()


def _client(session: Session, snapshot: Snapshot, settings: CollectSettings) -> PagedClient:
    return PagedClient(
        KubeTransport(session, (settings.connect_timeout_s, settings.read_timeout_s)),
        snapshot,
        table_of(has_configmaps=settings.has_configmaps),
        Cleaner(salt_of(snapshot, settings)),
        live_settings(settings),
    )


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
    keep_clusters(snapshot, [cluster])
