"""What every collection writes of itself into the evidence: identity, settings, salt, times."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from mlsec import __version__
from mlsec.collect.settings import CollectSettings
from mlsec.snapshot.facts import PRINCIPAL, SANDBOX, SANDBOX_MISSING, SETTINGS, fact_of, key_of
from mlsec.snapshot.records import canonical
from mlsec.snapshot.store import Snapshot


def note_start(snapshot: Snapshot) -> None:
    """Write what collects and when it began; on resume the first beginning stays."""
    snapshot.set_meta("tool", f"mlsec {__version__}")
    if "started_at" not in snapshot.clock():
        snapshot.set_clock("started_at", _now())


def note_end(snapshot: Snapshot) -> None:
    """Write when the collection ended."""
    snapshot.set_clock("finished_at", _now())


def note_identity(
    snapshot: Snapshot, provider: str, principal: str, settings: Mapping[str, str]
) -> None:
    """Write in whose name a provider is asked, and with which settings; the first ones stay."""
    snapshot.set_meta(key_of(provider, PRINCIPAL), principal)
    if not fact_of(snapshot.meta(), provider, SETTINGS):
        set_settings(snapshot, provider, settings)


def set_settings(snapshot: Snapshot, provider: str, settings: Mapping[str, str]) -> None:
    """Write the settings that change what can be read, for the report."""
    text = canonical({name: value for name, value in settings.items() if value}).decode()
    snapshot.set_meta(key_of(provider, SETTINGS), text)


def note_sandbox(snapshot: Snapshot, in_force: Iterable[str], missing: Iterable[str]) -> None:
    """Write which protections all processes that read files had, those before a resume too."""
    clock = snapshot.clock()
    earlier = clock.get(SANDBOX)
    both = [name for name in in_force if earlier is None or name in earlier.split(", ")]
    lacking = dict.fromkeys([*filter(None, clock.get(SANDBOX_MISSING, "").split("; ")), *missing])
    snapshot.set_clock(SANDBOX, ", ".join(both))
    if lacking:
        snapshot.set_clock(SANDBOX_MISSING, "; ".join(lacking))


def effort(settings: CollectSettings) -> dict[str, str]:
    """Give the settings that say how hard a provider is asked."""
    names = ("in_flight", "tries", "call_deadline_s", "deadline_s", "max_pages")
    return {name: str(getattr(settings, name)) for name in names}


def salt_of(snapshot: Snapshot, settings: CollectSettings) -> str:
    """Give the salt of the digests that stand for secrets; made on the first call."""
    salt = snapshot.meta().get("salt")
    if not salt:
        import secrets  # noqa: PLC0415 - only when a new snapshot begins

        salt = settings.hash_salt or secrets.token_hex(16)
        snapshot.set_meta("salt", salt)
    return salt


def began_at(snapshot: Snapshot) -> datetime.datetime:
    """Give when the collection began."""
    moment = datetime.datetime.fromisoformat(snapshot.clock()["started_at"])
    return moment.replace(tzinfo=moment.tzinfo or datetime.UTC)


def _now() -> str:
    moment = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return moment.isoformat().replace("+00:00", "Z")
