"""Members of Google's policies: who is meant, and whether they stand inside the project.

Inside are the project's own service accounts and identity pools, those of other projects of its
organisation, the people of the organisation's domain, and holders of a basic role by way of
``projectOwner:`` and the like. Groups and people of other domains may still be colleagues under a
second domain, and another project may be of the same organisation: unknown, not outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, unknown
from mlsec.providers.gcp.facts.identity_pools import Pools, pools_of
from mlsec.vocabulary.iac_mapping import CODE_PROJECT, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

EVERYBODY = "*"
_OPEN = ("allUsers", "allAuthenticatedUsers")
_NUMBERED = (
    regex(r"^service-(\d+)@[a-z0-9-]+\.iam\.gserviceaccount\.com$"),
    regex(r"^(\d+)-compute@developer\.gserviceaccount\.com$"),
    regex(r"^(\d+)@[a-z0-9-]+\.gserviceaccount\.com$"),
    regex(r"^(?:p|bq-|project-)(\d+)(?:-\d+)?@[a-z0-9-]+(?:\.iam)?\.gserviceaccount\.com$"),
)
_ABOVE = regex(r"^service-(org|folder)-(\d+)@[a-z0-9-]+\.iam\.gserviceaccount\.com$")
_NAMED = regex(r"^[^@]+@([a-z0-9-]+)(?:\.([a-z0-9.-]+))?\.iam\.gserviceaccount\.com$")
_APP = regex(r"^([^@]+)@appspot\.gserviceaccount\.com$")
_POOL = regex(r"projects/([^/]+)/locations/global/workloadIdentityPools/([^/]+)/(.+)")
_SET = regex(r"^//cloudresourcemanager\.googleapis\.com/(project|folder|organization)s/(\w+)$")
_OWNER = "roles/owner"
_PEOPLE = ("user:", "group:")
# Who they are does not turn on the project.
_PERSONAL = ("user", "group", "domain")
_CONSUMER_DOMAINS = ("gmail.com", "googlemail.com")


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """Where a resource lives: its project, what stands above it, and the organisation's domain.

    ``gaps`` say why the number or the domain is not known. ``owners`` are the people who own a
    project that belongs to no organisation: there is nobody else whom it could belong to.
    ``declared`` are the accounts of code: which project it is applied to is not known, so that
    what names another may name that one. None for a project that was read. ``others`` says of
    other projects that were read, by id and by number, whether they are of another organisation;
    ``is_alone``: no organisation stands above the project, so that every other one is foreign.
    ``pools`` are its own workload identity pools.
    """

    project: str
    number: str = ""
    above: frozenset[str] = frozenset()
    domain: str = ""
    organisation: str = ""
    owners: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()
    declared: frozenset[str] | None = None
    others: Mapping[str, bool] = msgspec.field(default_factory=dict)
    is_alone: bool = False
    pools: Pools = Pools()


def home_of(resource: Resource, graph: Graph) -> Home:
    """Find the home of a resource; kept for the life of the graph."""
    return graph.memo(("gcp home", resource.scope), lambda: _find_home(resource.scope, graph))


def is_open_member(member: str) -> bool:
    """Whether a member means everybody; whoever has any Google account is everybody too."""
    return member in _OPEN


def is_external(member: str, home: Home) -> Answer:
    """Say whether a member stands beyond the project and its organisation."""
    if is_open_member(member):
        return YES
    kind, _, name = member.partition(":")
    if member in home.owners or name in (home.declared or ()):
        return NO
    answer = _kind_is_outside(member, home)
    is_known_home = kind in _PERSONAL or _in_declared_pool(name, home)
    if answer == YES and home.declared is not None and not is_known_home:
        return unknown({f"?whether {member} is of the project that the code is applied to"})
    return answer


def _kind_is_outside(member: str, home: Home) -> Answer:
    kind, _, name = member.partition(":")
    match kind:
        case "deleted" | "projectOwner" | "projectEditor" | "projectViewer":
            # Holders of a role in another project, or nobody any more.
            return NO if kind == "deleted" or not name else _project_is_outside(name, home)
        case "serviceAccount":
            return _account_is_outside(name, home)
        case "user" | "group":
            return _domain_is_outside(name.rpartition("@")[2], home)
        case "domain":
            return _domain_is_outside(name, home)
        case "principal" | "principalSet":
            return _federated_is_outside(name, home)
        case _:
            return unknown({f"?the member {member}"})


def email_of(member: str) -> str:
    """Give the e-mail of a service account's member, "" for other members."""
    kind, _, name = member.partition(":")
    return name if kind == "serviceAccount" and "[" not in name else ""


def _account_is_outside(email: str, home: Home) -> Answer:
    if ".svc.id.goog[" in email:
        return _project_is_outside(email.partition(".svc.id.goog[")[0], home)
    for pattern in _NUMBERED:
        match = pattern.match(email)
        if match:
            return _number_is_outside(match.group(1), home)
    match = _ABOVE.match(email)
    if match:
        kind = "organization" if match.group(1) == "org" else "folder"
        return _node_is_outside(kind, match.group(2), home)
    match = _APP.match(email)
    if match:
        return _project_is_outside(match.group(1), home)
    match = _NAMED.match(email)
    if match is None:
        return unknown({f"?the service account {email}"})
    project, domain = match.groups()
    # Projects of the old kind carry their domain in the name: domain:project.
    owner = f"{domain}:{project}" if domain else project
    return _project_is_outside(owner, home)


def _project_is_outside(project: str, home: Home) -> Answer:
    """Say whether a project, by its id, is of another organisation."""
    if project == home.project:
        return NO
    if project in home.others or home.is_alone:
        return YES if home.others.get(project, True) else NO
    return unknown({*home.gaps, f"?whether the project {project} is of your organisation"})


def _number_is_outside(number: str, home: Home) -> Answer:
    if number == home.number:
        return NO
    if number in home.others or (home.is_alone and home.number):
        return YES if home.others.get(number, True) else NO
    return unknown({*home.gaps, f"?whether the project {number} is of your organisation"})


def _node_is_outside(kind: str, name: str, home: Home) -> Answer:
    """Say whether a folder or organisation is foreign: a folder beside ours may be one of ours."""
    if name in home.above:
        return NO
    if home.is_alone or (kind == "organization" and home.organisation):
        return YES
    return unknown({*home.gaps, f"?whether the {kind} {name} is of your organisation"})


def _domain_is_outside(domain: str, home: Home) -> Answer:
    domain = domain.lower()
    if domain == home.domain:
        return NO
    if domain in _CONSUMER_DOMAINS:
        return YES
    if domain.endswith(".gserviceaccount.com"):
        return unknown({f"?the domain {domain}"})
    return unknown({*home.gaps, f"?whether {domain} is a domain of your organisation"})


def _federated_is_outside(name: str, home: Home) -> Answer:
    match = _POOL.search(name)
    if match:
        project, pool, whom = match.groups()
        own = NO if _in_declared_pool(name, home) else _either_is_outside(project, home)
        is_of_cluster = pool.endswith(".svc.id.goog")
        return own if is_of_cluster or own != NO else home.pools.lets_in(pool, whom)
    named = _SET.match(name)
    if named and named.group(1) == "project":
        return _either_is_outside(named.group(2), home)
    if named:
        return _node_is_outside(named.group(1), named.group(2), home)
    return unknown({f"?the principal {name}"})


def _in_declared_pool(name: str, home: Home) -> bool:
    """Whether code that names somebody of a pool makes the pool, in the project it is for."""
    match = _POOL.search(name)
    if match is None or home.declared is None:
        return False
    project, pool, _ = match.groups()
    return (project == CODE_PROJECT or "‹" in project) and pool in home.pools.sources


def _either_is_outside(project: str, home: Home) -> Answer:
    by = _number_is_outside if project.isdecimal() else _project_is_outside
    return by(project, home)


def _find_home(scope: str, graph: Graph) -> Home:
    projects = list(graph.of_type_in("gcp.project", scope))
    nodes = list(graph.of_type_in("gcp.resourcemanager.node", scope))
    numbers = [property_value(project, "number") for project in projects]
    top = [node for node in nodes if _kind(node) == "organization"]
    domains = [property_value(node, "domain") for node in top]
    hidden = graph.incomplete("gcp.resourcemanager.node", scope, "")
    gaps = {*hidden, *_gaps([*numbers, *domains])}
    return Home(
        project=CODE_PROJECT if is_code(scope) else scope.partition("/")[2],
        number=_first(numbers),
        above=frozenset(node.name for node in nodes if _kind(node) != "project"),
        domain=_first(domains).lower(),
        organisation=top[0].name if top else "",
        others=_others(scope, top[0].name, graph) if top else {},
        is_alone=not top and not hidden and not is_code(scope),
        owners=frozenset() if top or hidden else _owners(nodes),
        gaps=tuple(sorted(gaps)),
        declared=_declared(scope, graph) if is_code(scope) else None,
        pools=pools_of(scope, graph),
    )


def _others(scope: str, organisation: str, graph: Graph) -> Mapping[str, bool]:
    """Say of each other project that was read whether it stands under another organisation."""
    tops = {
        node.scope: node.name
        for node in graph.of_type("gcp.resourcemanager.node")
        if _kind(node) == "organization"
    }
    others: dict[str, bool] = {}
    for project in graph.of_type("gcp.project"):
        other, number = project.scope, property_value(project, "number")
        if other == scope or is_code(other) or project.is_stub:
            continue
        if other in tops or not graph.incomplete("gcp.resourcemanager.node", other, ""):
            names = {other.partition("/")[2], _first([number])} - {""}
            others |= dict.fromkeys(names, tops.get(other) != organisation)
    return others


def _declared(scope: str, graph: Graph) -> frozenset[str]:
    accounts = graph.of_type_in("gcp.iam.service_account", scope)
    return frozenset(account.name for account in accounts if not account.is_stub)


def _owners(nodes: list[Resource]) -> frozenset[str]:
    owners: set[str] = set()
    for node in nodes:
        fact = property_value(node, "bindings")
        for binding in (fact.value or ()) if isinstance(fact, Known) else ():
            if binding.get("role") == _OWNER:
                owners |= {m for m in binding.get("members") or () if m.startswith(_PEOPLE)}
    return frozenset(owners)


def _kind(node: Resource) -> str:
    fact = property_value(node, "kind")
    return str(fact.value) if isinstance(fact, Known) else ""


def _first(values: list[Known | Unknown]) -> str:
    return next((str(v.value) for v in values if isinstance(v, Known) and v.value), "")


def _gaps(values: list[Known | Unknown]) -> set[str]:
    return {gap for value in values if isinstance(value, Unknown) for gap in value.gaps}
