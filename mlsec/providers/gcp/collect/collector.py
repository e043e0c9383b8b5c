"""Google Cloud from target to snapshot: credentials, projects and locations, then the walk."""

from __future__ import annotations

from typing import Any

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
)
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.settings import CollectSettings, Progress, live_settings
from mlsec.collect.walk.client import Client
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.plan import Operation
from mlsec.collect.walk.scopes import keep_scopes
from mlsec.collect.walk.trial import TrialClient, at_home
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.providers.gcp.client.credentials import open_session
from mlsec.providers.gcp.client.transport import GcpTransport
from mlsec.providers.gcp.collect.projects import Project, find_project, find_projects, find_regions
from mlsec.providers.gcp.collect.reader import PROVIDER, Places, note_inventory, walk_gcp
from mlsec.providers.gcp.tables import LIST_ASSETS, asset_redactions, plans, routes, table_of
from mlsec.providers.gcp.target import GcpTarget, parse_target
from mlsec.snapshot.facts import PRINCIPAL, fact_of
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
    note_end(snapshot)


def find_parts(target: str, snapshot: Snapshot, settings: CollectSettings) -> tuple[Part, ...]:
    """Give the projects of a target; what each is, its own collection asks.

    Raises:
        MlsecError: as ``collect``.
    """
    collection = _Collection(parse_target(target), snapshot, settings)
    try:
        parts = collection.parts()
    finally:
        collection.close()
    note_end(snapshot)
    return parts


def ask(
    target: str, snapshot: Snapshot, settings: CollectSettings, questions: tuple[Question, ...]
) -> None:
    """Ask what another collection left open.

    Raises:
        MlsecError: as ``collect``.
    """
    collection = _Collection(parse_target(target), snapshot, settings)
    try:
        ask_all(collection.client, table_of(plans()), questions)
    finally:
        collection.close()
    note_end(snapshot)


def check(target: str, settings: CollectSettings) -> None:
    """Sign in and ask for nothing else: what the user must mend first shows at once.

    Raises:
        MlsecError: the target or the credentials are wrong.
    """
    parse_target(target)
    sign_in("Google Cloud", lambda: open_session(settings.in_flight)).session.close()


class _Collection:
    """One run: the session, the client over it, and the places that were found."""

    def __init__(self, target: GcpTarget, snapshot: Snapshot, settings: CollectSettings) -> None:
        self._target, self._snapshot, self._settings = target, snapshot, settings
        self._identity = sign_in("Google Cloud", lambda: open_session(settings.in_flight))
        self._transport = GcpTransport(
            self._identity.session,
            routes(),
            timeout_s=(settings.connect_timeout_s, settings.read_timeout_s),
        )
        self._note_start()
        table = table_of(plans())
        redact = _Redacting(salt_of(snapshot, settings), table)
        self.client = PagedClient(self._transport, snapshot, table, redact, live_settings(settings))

    def run(self, progress: Progress | None) -> None:
        places = self._places()
        keep_scopes(self._snapshot, PROVIDER, places)
        began = began_at(self._snapshot)
        client: Client = self.client
        if self._settings.is_trial:
            client = TrialClient(client)
            places = msgspec.structs.replace(places, scopes=at_home(places.scopes))
        walk_gcp(client, self._settings.vocabulary, places, began, progress)
        note_inventory(self._snapshot)

    def parts(self) -> tuple[Part, ...]:
        """Give each project as a target, in the same locations."""
        given, gaps, _ = self._projects()
        names: list[str] = []
        for name in given:  # calls are kept under a project's id, whatever it was called by
            project = find_project(self.client, name) if name.isdecimal() else None
            if isinstance(project, Gap):
                gaps.append(project)
            else:
                names.append(project.id if project else name)
        if not names:
            raise _nothing_to_read(given, gaps)
        keep_scopes(self._snapshot, PROVIDER, Places(gaps=tuple(gaps)))
        places = ",".join(self._target.regions)
        return tuple(
            Part(
                scope=f"gcp/{name}",
                target=f"gcp://{name}" + (f"/{places}" if places else ""),
                lane=f"gcp/{self._identity.project or name}",
            )
            for name in names
        )

    def close(self) -> None:
        """Let waiting calls end, and let go of the connections."""
        self.client.stop()
        self._identity.session.close()

    def _note_start(self) -> None:
        """Write who, what and when; on resume the first beginning stays."""
        note_start(self._snapshot)
        principal = fact_of(self._snapshot.meta(), PROVIDER, PRINCIPAL) or self._identity.principal
        if principal != self._identity.principal:
            raise MlsecError(
                f"the collection was begun as {principal}, these are credentials of"
                f" {self._identity.principal}",
                hint="resume with the same identity",
            )
        settings = self._settings
        organisation = _start(settings) or "all projects" if settings.is_organisation else ""
        shown = {"organisation": organisation, **effort(settings)}
        note_identity(self._snapshot, PROVIDER, principal, shown)

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
            self._redactor.reduce_at(same, (asset.get("resource") or {}).get("data"))
        return self._redactor.screen.document(document)


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
