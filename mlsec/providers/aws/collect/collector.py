"""AWS from target to snapshot: credentials, accounts and regions, then the walk."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.config import Config
from botocore.exceptions import CredentialRetrievalError

from mlsec.collect.client.attempt import sign_in
from mlsec.collect.parts import Part, Question, ask_all, leave_open
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
from mlsec.collect.walk.scopes import CollectedScopes, keep_scopes
from mlsec.collect.walk.trial import TrialClient, at_home
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.providers.aws.client.client import AwsClient
from mlsec.providers.aws.client.clients import Clients, ClientSettings, make_read_only
from mlsec.providers.aws.client.session import (
    AwsTarget,
    SignedInIdentity,
    identify,
    open_session,
    parse_target,
    session_of,
)
from mlsec.providers.aws.collect.accounts import (
    account_of,
    assume,
    find_accounts,
    find_regions,
)
from mlsec.providers.aws.collect.organisation import OfOneAccount, read_organisations
from mlsec.providers.aws.collect.reader import PROVIDER, plans, walk_aws
from mlsec.providers.aws.tables import CREDENTIAL_CALLS, table_of
from mlsec.snapshot.facts import PRINCIPAL, fact_of
from mlsec.snapshot.store import Snapshot


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Ask AWS for all that the plans want and store every answer; the caller finishes the snapshot.

    A second target adds its accounts and regions to those of the first.

    Raises:
        MlsecError: what the user must mend first: target, profile, credentials, region, disk.
        KeyboardInterrupt: stopped by the user; the part file is kept for --resume.
    """
    collection = _Collection(parse_target(target), snapshot, settings)
    try:
        collection.run(progress)
    finally:
        collection.client.stop()
    note_end(snapshot)


def check(target: str, settings: CollectSettings) -> None:
    """Sign in and ask for nothing else: what the user must mend first shows at once.

    Raises:
        MlsecError: the target, the profile or the credentials are wrong.
    """
    parse_target(target)
    sign_in("AWS", lambda: identify(open_session(settings.profile), _config(settings)))


def find_parts(target: str, snapshot: Snapshot, settings: CollectSettings) -> tuple[Part, ...]:
    """Give the accounts of a target; what lies above them is asked of our own account.

    Raises:
        MlsecError: as ``collect``.
    """
    collection = _Collection(parse_target(target), snapshot, settings)
    try:
        parts = collection.parts()
    finally:
        collection.client.stop()
    note_end(snapshot)
    return parts


def ask(
    target: str, snapshot: Snapshot, settings: CollectSettings, questions: tuple[Question, ...]
) -> None:
    """Ask one account what another collection left open.

    Raises:
        MlsecError: as ``collect``.
    """
    collection = _Collection(parse_target(target), snapshot, settings)
    try:
        collection.ask(questions)
    finally:
        collection.client.stop()
    note_end(snapshot)


def _config(settings: CollectSettings) -> Config:
    return Config(connect_timeout=settings.connect_timeout_s, read_timeout=settings.read_timeout_s)


class _Collection:
    """One run: sessions, the client over them, and the places that were found."""

    def __init__(self, target: AwsTarget, snapshot: Snapshot, settings: CollectSettings) -> None:
        self._target, self._snapshot, self._settings = target, snapshot, settings
        table = table_of(plans())
        self._allowed = CREDENTIAL_CALLS | {(o.service, o.name) for o in table.values()}
        self._session = open_session(settings.profile)
        make_read_only(self._session, self._allowed)
        self._config = _config(settings)
        self._identity = sign_in("AWS", lambda: identify(self._session, self._config))
        self._sessions = {self._identity.scope: self._session}
        clients = Clients(
            self._sessions,
            ClientSettings(
                connect_timeout_s=settings.connect_timeout_s,
                read_timeout_s=settings.read_timeout_s,
                connections=settings.in_flight,
            ),
        )
        self._note_start()
        redact = Redactor(salt_of(snapshot, settings)).redact
        self.client = AwsClient(clients, snapshot, table, redact, live_settings(settings))

    def run(self, progress: Progress | None) -> None:
        places = self._places()
        keep_scopes(self._snapshot, PROVIDER, places)
        began = began_at(self._snapshot)
        client: Client = self.client
        if self._settings.is_trial:
            client = TrialClient(client)
            places = msgspec.structs.replace(places, scopes=at_home(places.scopes))
        walk_aws(
            client, self._settings.vocabulary, places, began, progress,
            self.client.clients.release, is_part=self._settings.is_part,
        )  # fmt: skip

    def parts(self) -> tuple[Part, ...]:
        """Give each account with the role that is assumed in it."""
        own = self._identity
        roles, gaps = self._roles()
        by_account = {own.account: "", **{role.split(":")[4]: role for role in roles}}
        wanted = self._target.account
        accounts = sorted(account for account in by_account if wanted in ("", account))
        if not accounts:
            raise self._not_there(wanted)
        scopes = [
            Scope(name=f"aws/{account}", account=account, home=own.home, regions=())
            for account in accounts
        ]
        keep_scopes(self._snapshot, PROVIDER, CollectedScopes(gaps=tuple(gaps)))
        client = OfOneAccount(self.client, own.scope)
        read_organisations(client, self._settings.vocabulary, scopes)
        regions = ",".join(self._target.regions)
        return tuple(
            Part(
                scope=scope.name,
                target=f"aws://{scope.account}" + (f"/{regions}" if regions else ""),
                lane=scope.name,
                role_arn=by_account[scope.account],
            )
            for scope in scopes
        )

    def ask(self, questions: tuple[Question, ...]) -> None:
        """Ask one account what was left open."""
        _, gaps = self._identities()
        if gaps:
            leave_open(self._snapshot, questions, gaps[0])
            return
        ask_all(self.client, table_of(plans()), questions)

    def _note_start(self) -> None:
        """Write who, what and when; on resume the first beginning stays."""
        note_start(self._snapshot)
        principal = fact_of(self._snapshot.meta(), PROVIDER, PRINCIPAL) or self._identity.arn
        if principal.split(":")[4:5] != [self._identity.account]:
            raise MlsecError(
                f"the collection was begun as {principal}, these are credentials of"
                f" {self._identity.account}",
                hint="resume with the same account",
            )
        settings = self._settings
        shown = {
            "roles": ", ".join(settings.role_arns),
            "organisation": settings.role_name if settings.is_organisation else "",
            **effort(settings),
        }
        note_identity(self._snapshot, PROVIDER, principal, shown)

    def _places(self) -> CollectedScopes:
        identities, gaps = self._identities()
        wanted = self._target.account
        if wanted and wanted not in {identity.account for identity in identities} and not gaps:
            raise self._not_there(wanted)
        identities = [i for i in identities if wanted in ("", i.account)]
        scopes = []
        for identity in identities:
            configured = self._session.get_config_variable("region") or ""
            scope, unknown = find_regions(self.client, identity, self._target, configured)
            self.client.clients.release([scope.name])
            scopes.append(scope)
            gaps += unknown
        scopes = sorted(scopes, key=lambda scope: scope.name)
        return CollectedScopes(scopes=tuple(scopes), gaps=tuple(gaps))

    def _not_there(self, wanted: str) -> MlsecError:
        return MlsecError(
            f"the target is account {wanted}, the credentials are of {self._identity.account}",
            hint="choose another profile, or --role-arn for that account",
        )

    def _roles(self) -> tuple[tuple[str, ...], list[Gap]]:
        """Name the roles to assume: those given, and one in each account of the organisation."""
        settings, own = self._settings, self._identity
        gaps: list[Gap] = []
        roles = [*settings.role_arns]
        if settings.is_organisation:
            accounts, unknown = find_accounts(self.client, own)
            gaps += unknown
            roles += [
                f"arn:{own.partition}:iam::{account}:role/{settings.role_name}"
                for account in accounts
                if account != own.account
            ]
        for role in roles:
            account_of(role)
        return tuple(sorted(set(roles))), gaps

    def _identities(self) -> tuple[list[SignedInIdentity], list[Gap]]:
        """Give the accounts to read: our own, those of the roles, those of the organisation."""
        identities = [self._identity]
        roles, gaps = self._roles()
        for role_arn in roles:
            given = self._assume(role_arn)
            if isinstance(given, Gap):
                gaps.append(given)
                continue
            identity = SignedInIdentity(account=account_of(role_arn), arn=role_arn)
            session = session_of(given, functools.partial(self._renew, role_arn))
            # The models of the services are read once for all accounts.
            session.register_component("data_loader", self._session.get_component("data_loader"))
            make_read_only(session, self._allowed)
            self._sessions[identity.scope] = session
            identities.append(identity)
        return identities, gaps

    def _assume(self, role_arn: str) -> Mapping[str, Any] | Gap:
        home, config = self._identity.home, self._config
        return assume(self._session, role_arn, self._settings, region=home, config=config)

    def _renew(self, role_arn: str) -> Mapping[str, Any]:
        """Assume a role again before its credentials expire.

        Raises:
            CredentialRetrievalError: it is refused now.
        """
        given = self._assume(role_arn)
        if isinstance(given, Gap):
            raise CredentialRetrievalError(provider="assume-role", error_msg=given.detail)
        return given
