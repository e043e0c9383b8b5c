"""What lies above the accounts: their organisations, and the policies that limit them.

Most accounts may ask for the name of their organisation and for nothing else. A refusal is
therefore no gap in what was scanned: it is kept as what could not be read above an account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from mlsec.collect.walk.client import CallResult, Client, Request, gap_for
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.listing import ListingResult, entries_of
from mlsec.collect.walk.mapping import NOT_COLLECTED
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap, Resource
from mlsec.providers.aws.collect.organisation_resources import ACCOUNT, ResourceMaker, joined
from mlsec.providers.aws.tables import (
    DESCRIBE_ORGANISATION,
    DESCRIBE_POLICY,
    LIST_ACCOUNTS,
    LIST_PARENTS,
    LIST_POLICIES_FOR_TARGET,
    LIST_ROOTS,
)
from mlsec.vocabulary.types import Vocabulary

_KINDS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
# Units nest five deep between the root and an account.
_MOST_LEVELS = 6
# So many accounts of an organisation are tried until one may read it.
_MOST_READERS = 20
T = TypeVar("T")
U = TypeVar("U")


class OfOneAccount:
    """A client that asks one account, and leaves open what others would be asked."""

    def __init__(self, inner: Client, scope: str) -> None:
        self.in_flight = inner.in_flight
        self._inner, self._scope = inner, scope

    def ask(self, request: Request) -> CallResult | Gap:
        """Give the account's answer, or that another one was not asked."""
        if request.scope == self._scope:
            return self._inner.ask(request)
        return gap_for(request, GapReason.NOT_COLLECTED, detail=NOT_COLLECTED)


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that can be read, and the account that may. ``members`` None: not known."""

    reader: Scope
    organisation: Mapping[str, Any]
    in_force: tuple[str, ...]
    members: frozenset[str] | None

    @property
    def management(self) -> str:
        """The account whose identities and resources no policy limits."""
        return str(self.organisation.get("MasterAccountId", ""))


class _Attached(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of the policies attached to an account, a unit or the root."""

    target: str
    policies: tuple[str, ...]
    is_whole: bool


def ask_organisations(client: Client, scopes: Iterable[Scope]) -> None:
    """Ask each account which organisation it is in."""
    for scope in scopes:
        client.ask(_request(scope, DESCRIBE_ORGANISATION, {}))


def read_organisations(
    client: Client, vocabulary: Vocabulary, scopes: Sequence[Scope]
) -> tuple[Resource, ...]:
    """Give the organisations of the accounts and the policies that are attached above each.

    Every account has one resource, which says what of its organisation could be read.
    """
    if ACCOUNT not in vocabulary.types or not scopes:
        return ()
    return _Reading(client, vocabulary, scopes).resources()


class _Reading:
    def __init__(self, client: Client, vocabulary: Vocabulary, scopes: Sequence[Scope]) -> None:
        self._client, self._scopes = client, scopes
        self._make = ResourceMaker(vocabulary)

    def resources(self) -> tuple[Resource, ...]:
        """Ask every account for its organisation, and each organisation once for the rest."""
        asked = self._all(lambda scope: self._ask(scope, DESCRIBE_ORGANISATION), self._scopes)
        answers = {s.name: answer for s, answer in zip(self._scopes, asked, strict=True)}
        made: dict[str, Resource] = {}
        for known in self._known(answers):
            own = [scope for scope in self._scopes if _is_of(scope, answers[scope.name], known)]
            for resource in (
                self._make.organisation(known.reader, known.organisation, known.members),
                *self._above(known, own),
            ):
                made[resource.id] = joined(made.get(resource.id), resource)
        for scope in self._scopes:
            answer = answers[scope.name]
            alone = self._make.account(scope, _state_of(scope, answer), _document(answer))
            made.setdefault(alone.id, alone)
        return tuple(made[key] for key in sorted(made))

    def _known(self, answers: Mapping[str, CallResult | Gap]) -> Iterable[_Known]:
        """Read each organisation through the first account that may, its manager before others."""
        by_name: dict[str, list[Scope]] = {}
        for scope in self._scopes:
            by_name.setdefault(str(_document(answers[scope.name]).get("Id") or ""), []).append(
                scope
            )
        by_name.pop("", None)
        for name in sorted(by_name):
            organisation = _document(answers[by_name[name][0].name])
            manager = organisation.get("MasterAccountId")
            readers = sorted(by_name[name], key=lambda s: (s.account != manager, s.name))
            for reader in readers[:_MOST_READERS]:
                roots = self._list(reader, LIST_ROOTS)
                if roots.gap is not None or not roots.entries:
                    continue
                accounts = self._list(reader, LIST_ACCOUNTS)
                ids = frozenset(str(account.get("Id")) for account in accounts.entries)
                yield _Known(
                    reader=reader,
                    organisation=organisation,
                    in_force=_in_force(roots.entries),
                    members=ids if accounts.gap is None else None,
                )
                break

    def _above(self, known: _Known, scopes: Sequence[Scope]) -> Iterable[Resource]:
        """Give the accounts of an organisation, and the policies attached above them."""
        paths = self._paths(known, [s.account for s in scopes if s.account != known.management])
        targets = sorted({target for path in paths.values() for target in path})
        asked = [(target, kind) for kind in known.in_force for target in targets]
        attached = self._all(lambda pair: self._attached(known.reader, *pair), asked)
        ids = sorted({policy for level in attached for policy in level.policies})
        cut = {level.target for level in attached if not level.is_whole}
        policies = self._all(lambda name: self._policy(known.reader, name, attached), ids)
        for policy_id, policy in zip(ids, policies, strict=True):
            if policy is not None:
                yield policy
            if policy is None or not policy.properties.keys() >= {"kind", "statements"}:
                cut |= {level.target for level in attached if policy_id in level.policies}
        for scope in scopes:
            path = paths.get(scope.account, ())
            if scope.account == known.management:
                state = "management"
            elif not path:
                state = "refused"
            else:
                state = "read" if cut.isdisjoint(path) else "part"
            yield self._make.account(scope, state, known.organisation, path)

    def _paths(self, known: _Known, accounts: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Give for each account the ids from the root down to it; none where a parent is unread."""
        parents: dict[str, str] = {}
        waiting = sorted(accounts)
        for _ in range(_MOST_LEVELS):
            lists = self._all(
                lambda child: self._list(known.reader, LIST_PARENTS, {"ChildId": child}), waiting
            )
            for child, listed in zip(waiting, lists, strict=True):
                if listed.gap is None and listed.entries:
                    parents[child] = str(listed.entries[0].get("Id", ""))
            waiting = sorted({p for p in parents.values() if p.startswith("ou-")} - parents.keys())
        paths = {}
        for account in accounts:
            path = [account]
            while path[-1] in parents and len(path) <= _MOST_LEVELS:
                path.append(parents[path[-1]])
            if path[-1].startswith("r-"):
                paths[account] = tuple(reversed(path))
        return paths

    def _attached(self, reader: Scope, target: str, kind: str) -> _Attached:
        listed = self._list(reader, LIST_POLICIES_FOR_TARGET, {"TargetId": target, "Filter": kind})
        ids = tuple(sorted(str(policy.get("Id", "")) for policy in listed.entries))
        # One of each kind is attached everywhere: AWS does not let the last one be detached.
        return _Attached(target=target, policies=ids, is_whole=listed.gap is None and bool(ids))

    def _policy(
        self, reader: Scope, policy_id: str, attached: Iterable[_Attached]
    ) -> Resource | None:
        answer = self._ask(reader, DESCRIBE_POLICY, {"PolicyId": policy_id})
        if isinstance(answer, Gap):
            return None
        targets = [level.target for level in attached if policy_id in level.policies]
        policy = self._make.policy(reader, answer, targets)
        return policy if policy.id else None

    def _list(
        self, scope: Scope, operation: Operation, params: Mapping[str, str] | None = None
    ) -> ListingResult:
        request = _request(scope, operation, params or {})
        return entries_of(request, self._client.ask(request))

    def _ask(
        self, scope: Scope, operation: Operation, params: Mapping[str, str] | None = None
    ) -> CallResult | Gap:
        return self._client.ask(_request(scope, operation, params or {}))

    def _all(self, ask: Callable[[T], U], items: Sequence[T]) -> list[U]:
        """Ask for several things at once; the answers stand in the order of the questions."""
        if len(items) < 2 or self._client.in_flight < 2:
            return [ask(item) for item in items]
        # Takes time to import, which reading evidence does not need.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        with ThreadPoolExecutor(self._client.in_flight) as pool:
            return list(pool.map(ask, items))


def _request(scope: Scope, operation: Operation, params: Mapping[str, str]) -> Request:
    subject = next(iter(params.values()), scope.home)
    return Request(
        scope=scope.name, region=scope.home, operation=operation, params=params, subject=subject
    )


def _document(answer: CallResult | Gap) -> Mapping[str, Any]:
    document = {} if isinstance(answer, Gap) else answer.document
    organisation = document.get("Organization") if isinstance(document, dict) else None
    return organisation if isinstance(organisation, dict) else {}


def _is_of(scope: Scope, answer: CallResult | Gap, known: _Known) -> bool:
    """Whether an account is in the organisation: it says so, or it may not ask and is listed."""
    if isinstance(answer, Gap):
        return scope.account in (known.members or ())
    return _document(answer).get("Id") == known.organisation.get("Id")


def _state_of(scope: Scope, answer: CallResult | Gap) -> str:
    """Say what is known of the policies above an account whose organisation cannot be read."""
    if isinstance(answer, Gap):
        return "not_collected" if answer.reason is GapReason.NOT_COLLECTED else "refused"
    if answer.document == {}:
        return "none"
    is_manager = _document(answer).get("MasterAccountId") == scope.account
    return "management" if is_manager else "refused"


def _in_force(roots: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Give the kinds of policies that the root has switched on; others limit nothing."""
    on = {
        str(kind.get("Type"))
        for root in roots
        for kind in root.get("PolicyTypes") or ()
        if kind.get("Status") == "ENABLED"
    }
    return tuple(kind for kind in _KINDS if kind in on)
