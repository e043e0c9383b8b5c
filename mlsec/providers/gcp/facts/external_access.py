"""Who from outside gets at repositories, keys, secrets, service accounts and the project itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.ternary import unknown
from mlsec.providers.gcp.facts.external_principals import (
    ExternalPrincipals,
    Fact,
    external_grants_above,
    facts_about,
    joined,
    let_in,
    let_in_here,
)
from mlsec.providers.gcp.facts.grants import (
    Grants,
    grants_above,
    grants_on_nodes,
    own_grants,
    verdict,
)
from mlsec.providers.gcp.facts.members import EVERYBODY, is_open_member

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_PUSHES = (
    "artifactregistry.repositories.uploadArtifacts", "artifactregistry.repositories.update",
    "artifactregistry.repositories.deleteArtifacts", "artifactregistry.repositories.setIamPolicy",
)  # fmt: skip
_KEY_USES = (
    "cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.useToEncrypt",
    "cloudkms.cryptoKeys.setIamPolicy", "cloudkms.cryptoKeyVersions.destroy",
    "cloudkms.cryptoKeyVersions.update",
)  # fmt: skip
_SECRET_USES = ("secretmanager.versions.access", "secretmanager.secrets.setIamPolicy")
_IMPERSONATIONS = (
    "iam.serviceAccounts.actAs", "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.implicitDelegation", "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccountKeys.create",
)  # fmt: skip
_ADMIN = ("resourcemanager.projects.setIamPolicy",)
_ADMIN_ABOVE = {
    "resourcemanager.folders.setIamPolicy": ("folder", "organization"),
    "resourcemanager.organizations.setIamPolicy": ("organization",),
}
_BASIC = ("roles/owner", "roles/editor")


def is_open(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether everybody holds any role on the resource."""
    own = own_grants(resource)
    if any(is_open_member(grant.member) for grant in own.grants):
        return Known(value=True)
    return verdict(unknown(own.gaps), resource, graph) if own.gaps else Known(value=False)


def broad_ml_members(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name everybody and whole domains among those who hold a role of Vertex AI."""
    grants = grants_above(resource.scope, graph)
    members = {
        EVERYBODY if is_open_member(grant.member) else grant.member
        for grant in grants.grants
        if is_open_member(grant.member) or grant.member.startswith("domain:")
        if grant.role.startswith(("roles/aiplatform.", "roles/ml.", *_BASIC))
    }
    if grants.gaps:
        return verdict(unknown(grants.gaps), resource, graph)
    return Known(sorted(members))


def _holders_of(permissions: tuple[str, ...]) -> Callable[[Resource, Graph], ExternalPrincipals]:
    """Make the question who from outside holds one of the permissions on a resource."""

    def find(resource: Resource, graph: Graph) -> ExternalPrincipals:
        return let_in_here(resource, permissions, graph)

    return find


def _admins(resource: Resource, graph: Graph) -> ExternalPrincipals:
    above = grants_above(resource.scope, graph)
    known = external_grants_above(resource, graph)
    here = let_in(Grants(gaps=above.gaps), _ADMIN, resource, graph, above=known)
    # A role on the project that names the right over a folder gives it over nothing.
    higher = [
        let_in(grants_on_nodes(resource.scope, kinds, graph), (permission,), resource, graph)
        for permission, kinds in _ADMIN_ABOVE.items()
    ]
    return joined([here, *higher])


_PUSHERS = facts_about(_holders_of(_PUSHES))
_USERS = facts_about(_holders_of(_KEY_USES))
_ACTORS = facts_about(_holders_of(_IMPERSONATIONS))
_MEMBERS, _ADMINS = facts_about(_holders_of(_SECRET_USES)), facts_about(_admins)

ACCESS: Mapping[str, Fact] = {
    "gcp_access.is_open": is_open,
    "gcp_access.external_members": _MEMBERS[0],
    "gcp_access.has_external_members": _MEMBERS[1],
    "gcp_access.external_pushers": _PUSHERS[0],
    "gcp_access.has_external_pushers": _PUSHERS[1],
    "gcp_access.outside_key_users": _USERS[0],
    "gcp_access.has_outside_key_users": _USERS[1],
    "gcp_access.external_impersonators": _ACTORS[0],
    "gcp_access.has_external_impersonators": _ACTORS[1],
    "gcp_access.external_admins": _ADMINS[0],
    "gcp_access.has_external_admins": _ADMINS[1],
    "gcp_access.broad_ml_members": broad_ml_members,
}
