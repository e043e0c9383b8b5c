"""Google Cloud from target to snapshot: credentials, projects and locations, then the walk."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from mlsec import __version__
from mlsec.collect.client.paged_client import PagedClient
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.settings import CollectSettings, Progress, live_settings
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.plan import Operation
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.providers.gcp.client.credentials import open_session
from mlsec.providers.gcp.client.transport import GcpTransport
from mlsec.providers.gcp.collect.projects import Project, find_project, find_projects, find_regions
from mlsec.providers.gcp.collect.reader import PROVIDER, Places, walk_gcp
from mlsec.providers.gcp.tables import LIST_ASSETS, asset_redactions, plans, routes, table_of
from mlsec.providers.gcp.target import GcpTarget, parse_target
from mlsec.snapshot.facts import PLACES, PRINCIPAL, SETTINGS, fact_of, key_of
from mlsec.snapshot.records import CallStatus, canonical
from mlsec.snapshot.store import Snapshot


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Ask Google Cloud for all that the plans want and store every answer.

    The caller finishes the snapshot. A second target adds its projects to those of the first.

    Raises:
        MlsecError: what the user must mend first: target, credentials, project, location, disk.
        KeyboardInterrupt: stopped by the user; the part file is kept for --resume.
    """
    collection = _Collection(parse_target(target), snapshot, settings)
    try:
        collection.run(progress)
    finally:
        collection.close()
    snapshot.set_clock("finished_at", _now())


def check(target: str, settings: CollectSettings) -> None:
    """Sign in and ask for nothing else: what the user must mend first shows at once.

    Raises:
        MlsecError: the target or the credentials are wrong.
    """
    parse_target(target)
    open_session(settings.in_flight).session.close()


class _Collection:
    """One run: the session, the client over it, and the places that were found."""

    def __init__(self, target: GcpTarget, snapshot: Snapshot, settings: CollectSettings) -> None:
        self._target, self._snapshot, self._settings = target, snapshot, settings
        self._identity = open_session(settings.in_flight)
        self._transport = GcpTransport(
            self._identity.session,
            routes(),
            timeout_s=(settings.connect_timeout_s, settings.read_timeout_s),
        )
        self._note_start()
        table = table_of(plans())
        redact = _Redacting(snapshot.meta()["salt"], table)
        self.client = PagedClient(self._transport, snapshot, table, redact, live_settings(settings))

    def run(self, progress: Progress | None) -> None:
        places = self._places()
        self._snapshot.set_meta(key_of(PROVIDER, PLACES), self._joined(places))
        began_at = datetime.datetime.fromisoformat(self._snapshot.clock()["started_at"])
        walk_gcp(self.client, self._settings.vocabulary, places, began_at, progress)
        self._note_inventory()

    def _note_inventory(self) -> None:
        """Write how far the inventory could be used: where it could not, services were asked."""
        key = key_of(PROVIDER, SETTINGS)
        asked = [c for c in self._snapshot.calls() if c.service == LIST_ASSETS.service]
        whole = [c for c in asked if c.status is CallStatus.DONE and not c.reason]
        why = sorted({c.reason or c.status.value for c in asked} - {CallStatus.DONE.value})
        said = f"answered {len(whole)} of {len(asked)} questions" + "".join(f", {w}" for w in why)
        known: dict[str, str] = msgspec.json.decode(self._snapshot.meta()[key])
        self._snapshot.set_meta(key, canonical({**known, "asset_inventory": said}).decode())

    def close(self) -> None:
        """Let waiting calls end, and let go of the connections."""
        self.client.stop()
        self._identity.session.close()

    def _joined(self, places: Places) -> str:
        """Give the places of all targets so far; those of an interrupted run are replaced."""
        stored = fact_of(self._snapshot.meta(), PROVIDER, PLACES)
        known = msgspec.json.decode(stored, type=Places) if stored else Places()
        scopes = {scope.name: scope for scope in (*known.scopes, *places.scopes)}
        here = {scope.name for scope in places.scopes} | {gap.scope for gap in places.gaps}
        gaps = {gap.id: gap for gap in known.gaps if gap.scope not in here}
        gaps |= {gap.id: gap for gap in places.gaps}
        joined = Places(
            scopes=tuple(scopes[name] for name in sorted(scopes)),
            gaps=tuple(gaps[key] for key in sorted(gaps)),
            numbers=dict(sorted({**known.numbers, **places.numbers}.items())),
            parents=dict(sorted({**known.parents, **places.parents}.items())),
        )
        return msgspec.json.encode(joined).decode()

    def _note_start(self) -> None:
        """Write who, what and when; on resume the first beginning and salt stay."""
        snapshot, meta = self._snapshot, self._snapshot.meta()
        principal = fact_of(meta, PROVIDER, PRINCIPAL) or self._identity.principal
        if principal != self._identity.principal:
            raise MlsecError(
                f"the collection was begun as {principal}, these are credentials of"
                f" {self._identity.principal}",
                hint="resume with the same identity",
            )
        snapshot.set_meta(key_of(PROVIDER, PRINCIPAL), principal)
        facts = {
            "tool": f"mlsec {__version__}",
            key_of(PROVIDER, SETTINGS): _settings_text(self._settings),
            "salt": self._settings.hash_salt or _salt(),
        }
        for name, value in facts.items():
            if name not in meta:
                snapshot.set_meta(name, value)
        if "started_at" not in snapshot.clock():
            snapshot.set_clock("started_at", _now())

    def _places(self) -> Places:
        names, gaps, parents = self._projects()
        projects: list[Project] = []
        for name in names:
            project = find_project(self.client, name)
            if isinstance(project, Gap):
                gaps.append(project)
            else:
                projects.append(project)
        if not projects:
            raise _nothing_to_read(names, gaps)
        self._transport.numbers |= {p.number: p.id for p in projects if p.number}
        scopes: list[Scope] = []
        for project in projects:
            scope, unknown = find_regions(self.client, project, self._target)
            scopes.append(scope)
            gaps += unknown
        return Places(
            scopes=tuple(sorted({s.name: s for s in scopes}.values(), key=lambda s: s.name)),
            gaps=tuple(gaps),
            numbers=dict(self._transport.numbers),
            parents={s.name: parents[0] for s in scopes} if len(parents) == 1 else {},
        )

    def _projects(self) -> tuple[tuple[str, ...], list[Gap], tuple[str, ...]]:
        """Give the projects to read, what hid others, and the organisations they are in."""
        named = self._target.projects
        if self._settings.is_organisation and not named:
            scope = f"gcp/{self._identity.project or '-'}"
            organisation = find_projects(self.client, scope, _start(self._settings))
            return organisation.projects, list(organisation.gaps), organisation.names
        names = named or ((self._identity.project,) if self._identity.project else ())
        if not names:
            raise MlsecError(
                "the credentials name no project to read",
                hint="gcp://my-project, GOOGLE_CLOUD_PROJECT=my-project, or --organisation",
            )
        return tuple(names), [], ()


class _Redacting:
    """Redacts an answer; the inventory's by what holds for the assets of each type."""

    def __init__(self, salt: str, table: dict[str, Operation]) -> None:
        self._redactor = Redactor(salt)
        self._by_asset = asset_redactions(table)

    def __call__(self, operation: Operation, document: Any) -> Any:
        if operation.label != LIST_ASSETS.label:
            return self._redactor.redact(operation, document)
        for asset in document.get("assets", ()):
            same = self._by_asset.get(str(asset.get("assetType")), LIST_ASSETS)
            self._redactor.redact(same, (asset.get("resource") or {}).get("data"))
        return document


def _nothing_to_read(names: tuple[str, ...], gaps: list[Gap]) -> MlsecError:
    """Say why no project can be read at all; the first refusal is the telling one."""
    if not gaps:
        return MlsecError("these credentials see no project", hint="name one: gcp://my-project")
    gap = gaps[0]
    why = gap.detail or gap.reason.value
    shown = ", ".join(names[:3]) or gap.subject
    right = f"grant {gap.missing_right}, and " if gap.missing_right else ""
    return MlsecError(
        f"Google Cloud cannot be asked about {shown}: {gap.wanted}: {why}",
        hint=f"{right}check the project's id: Google says the same of a project that is not there",
    )


def _start(settings: CollectSettings) -> str:
    """Give the organisation or folder to walk, "" for all that is visible."""
    name = settings.role_name
    return name if name.startswith(("organizations/", "folders/")) else ""


def _salt() -> str:
    import secrets  # noqa: PLC0415 - only when a new snapshot begins

    return secrets.token_hex(16)


def _settings_text(settings: CollectSettings) -> str:
    """Give the settings that change what can be read, for the report."""
    shown = {
        "organisation": (_start(settings) or "all projects") if settings.is_organisation else "",
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
