"""What a service account may do: grants from the project upwards, less what is denied.

Not taken into account: principal access boundaries, which only take away, and policies on single
resources, which gcp_access.py reads from the other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.resource import Resource
from mlsec.core.wildcard import matches_stars
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.gcp.conditions.search import holds_without_tags
from mlsec.providers.gcp.facts.conditional_grants import gives
from mlsec.providers.gcp.facts.grants import Grant, grants_above
from mlsec.providers.gcp.facts.members import Home, home_of, is_open_member
from mlsec.vocabulary.iac_mapping import CODE_PROJECT, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_DENY = "gcp.iam.deny_policy"
_NODE = "gcp.resourcemanager.node"
_BASIC_OF = {
    "projectOwner": "roles/owner",
    "projectEditor": "roles/editor",
    "projectViewer": "roles/viewer",
}
_EVERYBODY_DENIED = "principalSet://goog/public:all"


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One grant that the account holds, or may hold; ``meant`` says whether it does."""

    grant: Grant
    meant: Answer


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A service account ready to be asked; ``hidden`` is unknown when grants were not read."""

    account: Resource
    home: Home
    holdings: tuple[Holding, ...] = ()
    hidden: Answer = NO

    def may(self, permission: str, graph: Graph) -> Answer:
        """Say whether it may do this to everything of its kind in the project."""
        allowed = any_of((*self._ways(permission, graph), self.hidden))
        if allowed == NO:
            return NO
        return all_of((allowed, not_(denied(self.account, permission, graph))))

    def holds(self, roles: Iterable[str]) -> Answer:
        """Say whether it holds one of the roles."""
        wanted = tuple(roles)
        # Google takes no condition on a basic role.
        answers = [holding.meant for holding in self.holdings if holding.grant.role in wanted]
        return any_of((*answers, self.hidden))

    def _ways(self, permission: str, graph: Graph) -> list[Answer]:
        scope = self.account.scope
        return [
            all_of((holding.meant, gives(holding.grant, (permission,), None, scope, graph)))
            for holding in self.holdings
        ]


def identity_of(account: Resource, graph: Graph) -> Identity:
    """Collect what an account holds; kept for the life of the graph."""
    return graph.memo(("gcp identity", account.id), lambda: _read_identity(account, graph))


def _read_identity(account: Resource, graph: Graph) -> Identity:
    grants, home = grants_above(account.scope, graph), home_of(account, graph)
    hidden = unknown(grants.gaps) if grants.gaps else NO
    bare = Identity(account=account, home=home, hidden=hidden)
    holdings = tuple(_holdings(grants.grants, bare))
    whole = msgspec.structs.replace(bare, holdings=holdings)
    return msgspec.structs.replace(whole, hidden=as_said(hidden, whole, graph))


def as_said(hidden: Answer, own: Identity, graph: Graph) -> Answer:
    """Leave other code out of what may be hidden where the scanned code gives an account rights."""
    account = own.account
    if not own.holdings or account.is_stub or not is_code(account.scope):
        return hidden
    reasons = hidden.because - set(graph.incomplete(_NODE, account.scope, ""))
    return unknown(reasons) if reasons else NO


def may_everywhere(account: Resource, permission: str, graph: Graph) -> Answer:
    """Say whether an account may do this to everything of its kind in the project; asked once."""
    return graph.memo(
        ("gcp may everywhere", account.id, permission),
        lambda: identity_of(account, graph).may(permission, graph),
    )


def may_near(
    account: Resource, permission: str, grants: Iterable[Grant], resource: Resource, graph: Graph
) -> Answer:
    """Say whether these grants let an account do this to the resource."""
    own = identity_of(account, graph)
    ways = [
        all_of((holding.meant, gives(holding.grant, (permission,), resource, account.scope, graph)))
        for holding in _holdings(grants, own)
    ]
    allowed = any_of(ways)
    return NO if allowed == NO else all_of((allowed, not_(denied(account, permission, graph))))


def is_meant(member: str, own: Identity) -> Answer:
    """Say whether a member of a policy is, or takes in, the account."""
    account, home = own.account, own.home
    if is_open_member(member):
        return YES
    kind, _, name = member.partition(":")
    match kind:
        case "serviceAccount":
            return _is_same(name, account)
        case "group":
            return _is_in_group(name, account)
        case "projectOwner" | "projectEditor" | "projectViewer":
            return own.holds((_BASIC_OF[kind],)) if name in ("", home.project) else NO
        case "principalSet" if "cloudresourcemanager.googleapis.com" in name:
            return _lives_in(name.partition("googleapis.com/")[2], account, home)
        case _:
            return NO


def _is_same(name: str, account: Resource) -> Answer:
    """Say whether a policy names the account; of names that code says in part, what they can be."""
    own = account.name
    if name == own or "‹" not in f"{name}{own}":
        return YES if name == own else NO
    heads = (name.partition("‹")[0], own.partition("‹")[0])
    tails = (name.rpartition("›")[2], own.rpartition("›")[2])
    may_begin = heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])
    may_end = tails[0].endswith(tails[1]) or tails[1].endswith(tails[0])
    return unknown({f"?whether {name} is the account"}) if may_begin and may_end else NO


def denied(account: Resource, permission: str, graph: Graph) -> Answer:
    """Say whether a deny policy takes the permission away always; at times is not always."""
    return denied_in(account.scope, account, permission, graph)


def denied_in(scope: str, account: Resource, permission: str, graph: Graph) -> Answer:
    """Say whether a deny policy of a project, the account's or another, takes it away.

    Code is judged by what it says: what may deny it from outside of the code is left aside, as
    what stands above an account of AWS is.
    """
    policies = list(graph.of_type_in(_DENY, scope))
    home = home_of(account, graph)
    answers = [_is_denied_by(policy, account, permission, home) for policy in policies]
    gaps = () if is_code(scope) else graph.incomplete(_DENY, scope, "")
    return any_of((*answers, unknown(gaps) if gaps else NO))


def _is_denied_by(policy: Resource, account: Resource, permission: str, home: Home) -> Answer:
    fact = property_value(policy, "rules")
    if isinstance(fact, Unknown):
        return unknown(fact.gaps)
    denies = any_of(_rule_denies(rule, account, permission, home) for rule in fact.value or ())
    return NO if denies == NO else all_of((denies, _is_above(policy, account)))


def _is_above(policy: Resource, account: Resource) -> Answer:
    """Say whether a policy counts for the account: one of code may be of another project."""
    place = property_value(policy, "place") if is_code(policy.scope) else Known("")
    if not isinstance(place, Known) or "@" not in account.name:
        return unknown({"?where the deny policy " + policy.name + " is attached"})
    project = account.name.partition("@")[2].partition(".")[0]
    if place.value in ("", f"projects/{project}", f"projects/{CODE_PROJECT}"):
        return YES
    return unknown({f"?whether {place.value} holds the project {project}"})


def _rule_denies(rule: Mapping[str, Any], account: Resource, permission: str, home: Home) -> Answer:
    full, condition = _full_name(permission), rule.get("condition")
    listed, left_out = (
        _covers(rule.get(key), full) for key in ("permissions", "except_permissions")
    )
    if listed == NO or left_out == YES:
        return NO
    meant, spared = (
        any_of(_is_denied(principal, account, home) for principal in rule.get(key) or ())
        for key in ("principals", "except_principals")
    )
    always = YES
    if condition and holds_without_tags(condition) == NO:
        always = NO
    elif condition:
        always = unknown({f"?the condition {condition}"})
    return all_of((listed, not_(left_out), meant, not_(spared), always))


def _is_denied(principal: str, account: Resource, home: Home) -> Answer:
    """Say whether a principal of a deny policy is, or takes in, a service account."""
    kind, _, name = principal.partition("://")
    if principal == _EVERYBODY_DENIED or principal.endswith(f"/serviceAccounts/{account.name}"):
        return YES
    if "‹" in principal:
        return unknown({f"?the principal {principal}"})
    match name.split("/"):
        case ["cloudresourcemanager.googleapis.com", *place]:
            return _lives_in("/".join(place), account, home)
        case ["goog", "group", group]:
            return _is_in_group(group, account)
        case ["goog", "subject", _]:
            return NO
        case ["iam.googleapis.com", "projects", _, "serviceAccounts", other]:
            # A number stands for an account too.
            return unknown({f"?the principal {principal}"}) if other.isdecimal() else NO
        case ["iam.googleapis.com", *_] if "Pools" in name and kind.startswith("principal"):
            return NO
        case _:
            return unknown({f"?the principal {principal}"})


def _lives_in(place: str, account: Resource, home: Home) -> Answer:
    """Say whether projects/P, folders/F or organizations/O (of one type) takes an account in."""
    kind, _, rest = place.partition("/")
    name, _, only = rest.partition("/")
    if only == "type/ServiceAgent" and not account.is_stub:
        return NO
    if only not in ("", "type/ServiceAccount") or not name:
        return unknown({f"?the principals of {place}"})
    if name in {home.project, home.number, *home.above} - {""}:
        return YES
    is_known = bool(home.number) if kind == "projects" else not home.gaps
    if home.declared is None and is_known:
        return NO
    return unknown({*home.gaps, f"?whether {account.name} is in {place}"})


def _covers(patterns: Iterable[str] | None, full: str) -> Answer:
    """Say whether a permission is among patterns; a part that only an apply knows may be any."""
    texts = tuple(patterns or ())
    if any(matches_stars(pattern, full) for pattern in texts):
        return YES
    hidden = {f"?the permission {pattern}" for pattern in texts if "‹" in pattern}
    return unknown(hidden) if hidden else NO


def _full_name(permission: str) -> str:
    """Write a permission as deny policies do: storage.googleapis.com/objects.create."""
    service, _, rest = permission.partition(".")
    service = "cloudresourcemanager" if service == "resourcemanager" else service
    return f"{service}.googleapis.com/{rest}"


def _holdings(grants: Iterable[Grant], own: Identity) -> Iterable[Holding]:
    for grant in grants:
        meant = is_meant(grant.member, own)
        if meant != NO:
            yield Holding(grant=grant, meant=meant)


def _is_in_group(group: str, account: Resource) -> Answer:
    fact = property_value(account, "groups")
    if isinstance(fact, Unknown):
        return unknown(fact.gaps or {f"?whether {account.name} is in the group {group}"})
    return YES if group.lower() in {str(name).lower() for name in fact.value or ()} else NO
