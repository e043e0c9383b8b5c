"""Find the subscriptions to read: all visible ones, those of a management group, or named ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.collect.walk.client import Client, Request
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.listing import ListingResult, entries_of
from mlsec.collect.walk.plan import Operation
from mlsec.collect.walk.scopes import CollectedScopes
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.providers.azure.tables import LIST_DESCENDANTS, LIST_SUBSCRIPTIONS, TENANT
from mlsec.providers.azure.target import AzureTarget

_UNREADABLE = {
    "Deleted": "the subscription is deleted and can no longer be read;"
    " leave it out of the target, or have it restored",
    "Expired": "the subscription has expired and can no longer be read;"
    " leave it out of the target, or have it renewed",
}
_UNSEEN = (
    "the credentials do not see this subscription: give them Reader or the role of"
    " mlsec doctor --policy azure there; or it was deleted, or moved to another tenant"
)


def find_subscriptions(client: Client, target: AzureTarget, group: str = "") -> CollectedScopes:
    """List the subscriptions; those that cannot be read are gaps.

    Args:
        client: answers the two listings.
        target: the subscriptions that the user named, or none for all.
        group: the management group whose subscriptions are wanted, "" for no such limit.

    Raises:
        MlsecError: none of the requested subscriptions is visible.
    """
    listed = _ask(client, LIST_SUBSCRIPTIONS, {})
    gaps = [listed.gap] if listed.gap else []
    states = {
        str(entry["subscriptionId"]).lower(): str(entry.get("state", "Enabled"))
        for entry in listed.entries
        if entry.get("subscriptionId")
    }
    wanted = set(target.subscriptions or states)
    if group:
        members, unknown = _members(client, group)
        gaps += [unknown] if unknown else []
        wanted = {member for member in members if member in wanted or not target.subscriptions}
    readable = {
        subscription
        for subscription in wanted
        if subscription in states and states[subscription] not in _UNREADABLE
    }
    if not readable and not gaps:
        raise _nothing(target, states)
    gaps += [
        _gap(subscription, states.get(subscription, ""))
        for subscription in sorted(wanted - readable)
    ]
    scopes = tuple(_scope(subscription) for subscription in sorted(readable))
    return CollectedScopes(scopes=scopes, gaps=tuple(gaps))


def part_of(target: AzureTarget) -> CollectedScopes:
    """Give the subscriptions that a target names, whether they are there or not."""
    return CollectedScopes(scopes=tuple(_scope(name) for name in target.subscriptions))


def _members(client: Client, group: str) -> tuple[set[str], Gap | None]:
    listing = _ask(client, LIST_DESCENDANTS, {"group": group})
    names = {
        str(entry["name"]).lower()
        for entry in listing.entries
        if str(entry.get("type", "")).lower().endswith("/subscriptions") and entry.get("name")
    }
    return names, listing.gap


def _ask(client: Client, operation: Operation, params: Mapping[str, Any]) -> ListingResult:
    request = Request(
        scope=TENANT, region="", operation=operation, params=params, subject="subscriptions"
    )
    return entries_of(request, client.ask(request))


def _scope(subscription: str) -> Scope:
    return Scope(name=f"azure/{subscription}", account=subscription, home="", regions=("",))


def _gap(subscription: str, state: str) -> Gap:
    is_seen = bool(state)
    return make_gap(
        scope=f"azure/{subscription}",
        subject=subscription,
        wanted=LIST_SUBSCRIPTIONS.label,
        reason=GapReason.UNSUPPORTED if is_seen else GapReason.DENIED,
        missing_right="" if is_seen else LIST_SUBSCRIPTIONS.right,
        detail=_UNREADABLE.get(state, _UNSEEN),
    )


def _nothing(target: AzureTarget, seen: Iterable[str]) -> MlsecError:
    named = ", ".join(target.subscriptions)
    known = ", ".join(sorted(seen)[:10])
    return MlsecError(
        f"the credentials see none of the subscriptions {named}"
        if named
        else "the credentials see no subscription that can be read",
        hint=f"they see {known}"
        if named and known
        else "give them Reader, or the role of mlsec doctor --policy azure, on a subscription;"
        " check the tenant (az account show)",
    )
