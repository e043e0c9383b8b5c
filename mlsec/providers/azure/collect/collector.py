"""Collect Azure into a snapshot: sign-in, subscriptions, then the walk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from mlsec.collect.client.attempt import sign_in
from mlsec.collect.client.paged_client import PagedClient
from mlsec.collect.parts import Part, Question, ask_all
from mlsec.collect.run_facts import (
    began_at,
    effort,
    note_end,
    note_identity,
    note_start,
    salt_of,
    set_settings,
)
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.settings import DEFAULT_ROLE, CollectSettings, Progress, live_settings
from mlsec.collect.walk.scopes import CollectedScopes, keep_scopes
from mlsec.collect.walk.trial import TrialClient
from mlsec.core.errors import MlsecError
from mlsec.providers.azure.client.clouds import Cloud, find_cloud
from mlsec.providers.azure.client.resource_graph import ResourceGraphClient, ask_index
from mlsec.providers.azure.client.resource_graph_rows import Index
from mlsec.providers.azure.client.session import identify, open_credential
from mlsec.providers.azure.client.transport import ArmTransport, TransportSettings
from mlsec.providers.azure.collect.reader import PROVIDER, plans, walk_azure
from mlsec.providers.azure.collect.subscriptions import find_subscriptions, part_of
from mlsec.providers.azure.tables import table_of
from mlsec.providers.azure.target import parse_target
from mlsec.snapshot.facts import PRINCIPAL, SETTINGS, decode_fact, fact_of
from mlsec.snapshot.store import Snapshot


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Run all plans against Azure and store every answer; the caller finishes the snapshot.

    A second target adds its subscriptions to those of the first.

    Raises:
        MlsecError: what the user must mend first: target, cloud, sign-in, subscription, disk.
        KeyboardInterrupt: stopped by the user; the part file is kept for --resume.
    """
    wanted = parse_target(target)
    with _signed_in(snapshot, settings) as (client, tenant):
        if settings.is_part:
            places = part_of(wanted)
        else:
            places = find_subscriptions(client, wanted, _group(settings, tenant))
        keep_scopes(snapshot, PROVIDER, places)
        began = began_at(snapshot)
        if settings.is_trial:
            walk_azure(TrialClient(client), settings.vocabulary, places, began, progress)
            return
        if settings.is_part:  # the index was asked about all subscriptions together
            walk_azure(client, settings.vocabulary, places, began, progress)
        else:
            front = ResourceGraphClient(client, _ask_index(client, snapshot, settings, places))
            walk_azure(front, settings.vocabulary, places, began, progress)
    note_end(snapshot)


def find_parts(target: str, snapshot: Snapshot, settings: CollectSettings) -> tuple[Part, ...]:
    """Give the subscriptions of a target, and ask the index about all of them.

    Raises:
        MlsecError: as ``collect``.
    """
    wanted = parse_target(target)
    with _signed_in(snapshot, settings) as (client, tenant):
        places = find_subscriptions(client, wanted, _group(settings, tenant))
        keep_scopes(snapshot, PROVIDER, msgspec.structs.replace(places, scopes=()))
        _ask_index(client, snapshot, settings, places)
    note_end(snapshot)
    return tuple(
        Part(scope=scope.name, target=f"azure://{scope.account}", lane=f"azure/{tenant}")
        for scope in places.scopes
    )


def ask(
    target: str, snapshot: Snapshot, settings: CollectSettings, questions: tuple[Question, ...]
) -> None:
    """Ask what another collection left open.

    Raises:
        MlsecError: as ``collect``.
    """
    parse_target(target)
    with _signed_in(snapshot, settings) as (client, _):
        ask_all(client, table_of(plans()), questions)
    note_end(snapshot)


@contextmanager
def _signed_in(snapshot: Snapshot, settings: CollectSettings) -> Iterator[tuple[PagedClient, str]]:
    """Open a client, and give it with the tenant; its connections are closed afterwards."""
    cloud = find_cloud()
    credential = open_credential(cloud)
    principal = sign_in("Azure", lambda: identify(credential, cloud))
    _note_start(snapshot, settings, cloud, principal.name)
    connection = TransportSettings(
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        connections=settings.in_flight,
    )
    transport = ArmTransport(cloud, credential, connection)
    redact = Redactor(salt_of(snapshot, settings)).redact
    client = PagedClient(transport, snapshot, table_of(plans()), redact, live_settings(settings))
    try:
        yield client, principal.tenant
    finally:
        client.stop()
        transport.close()


def _ask_index(
    client: PagedClient, snapshot: Snapshot, settings: CollectSettings, places: CollectedScopes
) -> Index:
    began = began_at(snapshot)
    index = ask_index(client, places.scopes, plans(), settings.vocabulary, began)
    _note_bulk(snapshot, index.trusted)
    return index


def check(target: str, settings: CollectSettings) -> None:
    """Sign in without further requests, so that configuration errors show at once.

    Raises:
        MlsecError: the target, the cloud or the sign-in is wrong.
    """
    del settings
    parse_target(target)
    cloud = find_cloud()
    sign_in("Azure", lambda: identify(open_credential(cloud), cloud))


def _note_start(
    snapshot: Snapshot, settings: CollectSettings, cloud: Cloud, principal: str
) -> None:
    """Record principal, target and start; a resumed collection keeps its first start and salt."""
    note_start(snapshot)
    begun = fact_of(snapshot.meta(), PROVIDER, PRINCIPAL) or principal
    if begun.partition("/")[0] != principal.partition("/")[0]:
        raise MlsecError(
            f"the collection was begun in tenant {begun.partition('/')[0]}, this is a sign-in to"
            f" {principal.partition('/')[0]}",
            hint="resume with the same tenant (az login --tenant)",
        )
    shown = {
        "cloud": cloud.name,
        "management_group": _group(settings, "the tenant's root group"),
        **effort(settings),
    }
    note_identity(snapshot, PROVIDER, begun, shown)


def _group(settings: CollectSettings, root: str) -> str:
    """Give the management group to walk: the named one, else the root (its id is the tenant's)."""
    if not settings.is_organisation:
        return ""
    return root if settings.role_name == DEFAULT_ROLE else settings.role_name


def _note_bulk(snapshot: Snapshot, trusted: frozenset[str]) -> None:
    """Record the types taken from Resource Graph; all others were listed individually."""
    text = fact_of(snapshot.meta(), PROVIDER, SETTINGS) or "{}"
    known = decode_fact(text, dict[str, str], SETTINGS)
    set_settings(snapshot, PROVIDER, {**known, "resource_graph": ", ".join(sorted(trusted))})
