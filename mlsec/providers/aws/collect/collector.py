"""AWS from target to snapshot: credentials, accounts and regions, then the walk."""

from __future__ import annotations

from botocore.config import Config

from mlsec.collect.client.attempt import sign_in
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
from mlsec.collect.walk.scopes import CollectedScopes, keep_scopes
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
from mlsec.providers.aws.collect.accounts import assume, find_accounts, find_regions
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
        walk_aws(self.client, self._settings.vocabulary, places, began, progress)

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
        scopes = []
        for identity in identities:
            configured = self._session.get_config_variable("region") or ""
            scope, unknown = find_regions(self.client, identity, self._target, configured)
            scopes.append(scope)
            gaps += unknown
        wanted = self._target.account
        if wanted and wanted not in {scope.account for scope in scopes} and not gaps:
            raise MlsecError(
                f"the target is account {wanted}, the credentials are of {self._identity.account}",
                hint="choose another profile, or --role-arn for that account",
            )
        chosen = [s for s in scopes if not wanted or s.account == wanted]
        return CollectedScopes(scopes=tuple(sorted(chosen, key=lambda s: s.name)), gaps=tuple(gaps))

    def _identities(self) -> tuple[list[SignedInIdentity], list[Gap]]:
        """Give the accounts to read: our own, those of the roles, those of the organisation."""
        settings, own = self._settings, self._identity
        gaps: list[Gap] = []
        identities, roles = [own], list(settings.role_arns)
        if settings.is_organisation:
            accounts, unknown = find_accounts(self.client, own)
            gaps += unknown
            roles += [
                f"arn:{own.partition}:iam::{account}:role/{settings.role_name}"
                for account in accounts
                if account != own.account
            ]
        for role_arn in sorted(set(roles)):
            given = assume(self._session, role_arn, settings, region=own.home, config=self._config)
            if isinstance(given, Gap):
                gaps.append(given)
                continue
            identity = SignedInIdentity(account=role_arn.split(":")[4], arn=role_arn)
            session = session_of(given)
            make_read_only(session, self._allowed)
            self._sessions[identity.scope] = session
            identities.append(identity)
        return identities, gaps
