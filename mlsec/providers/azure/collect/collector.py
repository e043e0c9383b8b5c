"""Collect Azure into a snapshot: sign-in, subscriptions, then the walk."""

from __future__ import annotations

import datetime
import secrets

import msgspec

from mlsec import __version__
from mlsec.collect.client.paged_client import PagedClient
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.settings import DEFAULT_ROLE, CollectSettings, Progress, live_settings
from mlsec.collect.walk.scopes import decode, encode, join
from mlsec.core.errors import MlsecError
from mlsec.providers.azure.client.clouds import Cloud, find_cloud
from mlsec.providers.azure.client.resource_graph import ResourceGraphClient, ask_index
from mlsec.providers.azure.client.session import open_credential, sign_in
from mlsec.providers.azure.client.transport import ArmTransport, TransportSettings
from mlsec.providers.azure.collect.reader import PROVIDER, plans, walk_azure
from mlsec.providers.azure.collect.subscriptions import find_subscriptions
from mlsec.providers.azure.tables import table_of
from mlsec.providers.azure.target import parse_target
from mlsec.snapshot.facts import PLACES, PRINCIPAL, SETTINGS, fact_of, key_of
from mlsec.snapshot.records import canonical
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
    wanted, cloud = parse_target(target), find_cloud()
    credential = open_credential(cloud)
    principal = sign_in(credential, cloud)
    _note_start(snapshot, settings, cloud, principal.name)
    connection = TransportSettings(
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        connections=settings.in_flight,
    )
    transport = ArmTransport(cloud, credential, connection)
    redact = Redactor(snapshot.meta()["salt"]).redact
    client = PagedClient(transport, snapshot, table_of(plans()), redact, live_settings(settings))
    try:
        group = _group(settings, principal.tenant)
        places = find_subscriptions(client, wanted, group)
        known = decode(fact_of(snapshot.meta(), PROVIDER, PLACES))
        snapshot.set_meta(key_of(PROVIDER, PLACES), encode(join(known, places)))
        began_at = datetime.datetime.fromisoformat(snapshot.clock()["started_at"])
        index = ask_index(client, places.scopes, plans(), settings.vocabulary, began_at)
        _note_bulk(snapshot, index.trusted)
        front = ResourceGraphClient(client, index)
        walk_azure(front, settings.vocabulary, places, began_at, progress)
    finally:
        client.stop()
        transport.close()
    snapshot.set_clock("finished_at", _now())


def check(target: str, settings: CollectSettings) -> None:
    """Sign in without further requests, so that configuration errors show at once.

    Raises:
        MlsecError: the target, the cloud or the sign-in is wrong.
    """
    del settings
    parse_target(target)
    cloud = find_cloud()
    sign_in(open_credential(cloud), cloud)


def _note_start(
    snapshot: Snapshot, settings: CollectSettings, cloud: Cloud, principal: str
) -> None:
    """Record principal, target and start; a resumed collection keeps its first start and salt."""
    meta = snapshot.meta()
    snapshot.set_meta("tool", f"mlsec {__version__}")
    begun = fact_of(meta, PROVIDER, PRINCIPAL) or principal
    if begun.partition("/")[0] != principal.partition("/")[0]:
        raise MlsecError(
            f"the collection was begun in tenant {begun.partition('/')[0]}, this is a sign-in to"
            f" {principal.partition('/')[0]}",
            hint="resume with the same tenant (az login --tenant)",
        )
    snapshot.set_meta(key_of(PROVIDER, PRINCIPAL), begun)
    if not fact_of(meta, PROVIDER, SETTINGS):
        snapshot.set_meta(key_of(PROVIDER, SETTINGS), _settings_text(settings, cloud))
    snapshot.set_meta("salt", meta.get("salt") or settings.hash_salt or secrets.token_hex(16))
    if "started_at" not in snapshot.clock():
        snapshot.set_clock("started_at", _now())


def _group(settings: CollectSettings, root: str) -> str:
    """Give the management group to walk: the named one, else the root (its id is the tenant's)."""
    if not settings.is_organisation:
        return ""
    return root if settings.role_name == DEFAULT_ROLE else settings.role_name


def _note_bulk(snapshot: Snapshot, trusted: frozenset[str]) -> None:
    """Record the types taken from Resource Graph; all others were listed individually."""
    known = msgspec.json.decode(fact_of(snapshot.meta(), PROVIDER, SETTINGS) or "{}")
    shown = {**known, "resource_graph": ", ".join(sorted(trusted))}
    text = canonical({name: value for name, value in shown.items() if value}).decode()
    snapshot.set_meta(key_of(PROVIDER, SETTINGS), text)


def _settings_text(settings: CollectSettings, cloud: Cloud) -> str:
    """Give the settings that change what can be read, for the report."""
    shown = {
        "cloud": cloud.name,
        "management_group": _group(settings, "the tenant's root group"),
        "in_flight": str(settings.in_flight),
        "tries": str(settings.tries),
        "call_deadline_s": str(settings.call_deadline_s),
        "deadline_s": str(settings.deadline_s),
        "max_pages": str(settings.max_pages),
    }
    return canonical({name: text for name, text in shown.items() if text}).decode()


def _now() -> str:
    moment = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return moment.isoformat().replace("+00:00", "Z")
