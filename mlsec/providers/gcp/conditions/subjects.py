"""What a right is asked about: the service, type and names under which conditions see it.

Names and types are those of the pages on resource attributes, as of November 2026. Services that
are not on them give conditions no name; as Google adds services, that is held to be not known.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import msgspec

from mlsec.providers.gcp.conditions.evaluation import Nothing, Open
from mlsec.providers.gcp.conditions.representatives import FRESH

_PROJECT = "cloudresourcemanager.googleapis.com/Project"
_UNDER_PROJECT = (
    "storage.buckets.create", "storage.buckets.list", "bigquery.datasets.create",
    "secretmanager.secrets.create", "secretmanager.secrets.list",
)  # fmt: skip
# What a permission is checked on, by the longest beginning; a bucket for the list of its objects.
_TYPES = {
    "storage.objects.list": ("storage.googleapis.com/Bucket",),
    "storage.objects.": ("storage.googleapis.com/Object",),
    "storage.buckets.": ("storage.googleapis.com/Bucket",),
    "bigquery.tables.": ("bigquery.googleapis.com/Table",),
    "bigquery.datasets.": ("bigquery.googleapis.com/Dataset",),
    "secretmanager.versions.": ("secretmanager.googleapis.com/SecretVersion",),
    "secretmanager.secrets.": ("secretmanager.googleapis.com/Secret",),
    "cloudkms.cryptoKeyVersions.": (
        "cloudkms.googleapis.com/CryptoKey", "cloudkms.googleapis.com/CryptoKeyVersion",
    ),
    "cloudkms.cryptoKeys.": ("cloudkms.googleapis.com/CryptoKey",),
    "compute.instances.": ("compute.googleapis.com/Instance",),
    "iam.serviceAccounts.": ("iam.googleapis.com/ServiceAccount",),
    "iam.serviceAccountKeys.": ("iam.googleapis.com/ServiceAccount",),
    "resourcemanager.projects.": (_PROJECT,),
}  # fmt: skip
# What follows the name of the thing itself in the name of what the permission is checked on.
_BELOW = {
    "storage.googleapis.com/Object": "/objects/",
    "bigquery.googleapis.com/Table": "/tables/",
    "secretmanager.googleapis.com/SecretVersion": "/versions/",
    "cloudkms.googleapis.com/CryptoKeyVersion": "/cryptoKeyVersions/",
}
_GENERIC = {
    "storage.googleapis.com": "projects/_/buckets/" + FRESH,
    "bigquery.googleapis.com": "projects/{project}/datasets/" + FRESH,
    "secretmanager.googleapis.com": "projects/{number}/secrets/" + FRESH,
    "cloudkms.googleapis.com": f"projects/{{project}}/locations/{FRESH}/keyRings/{FRESH}"
    f"/cryptoKeys/{FRESH}",
    "compute.googleapis.com": f"projects/{{project}}/zones/{FRESH}/instances/{FRESH}",
}
# Roles with which a caller who may grant them, and no others, takes over what it grants them on.
STRONG_ROLES = (
    "roles/owner", "roles/editor", "roles/iam.securityAdmin",
    "roles/resourcemanager.projectIamAdmin", "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.organizationAdmin", "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser", "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountAdmin", "roles/iam.workloadIdentityUser",
)  # fmt: skip


class Free(msgspec.Struct, frozen=True):
    """Any text that begins so: the caller chooses the rest."""

    start: str


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What conditions see of a resource; Nothing where the service gives them no such thing."""

    service: str | Nothing
    type: str | Nothing
    name: str | Free | Open | Nothing


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """Requests with one permission. A caller may take any subject of a world.

    Which of the worlds is the real one is not known.
    """

    permission: str
    worlds: tuple[tuple[Subject, ...], ...]


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a project; ``number`` is "" where it was not read."""

    id: str
    number: str = ""


def class_of(permission: str, names: Iterable[str | Open], project: Project) -> Class:
    """Give the requests with a permission on a resource of these names; none asks for all.

    All means any one that the condition does not name.
    """
    types, given = _types_of(permission), tuple(names)
    if types == (_PROJECT,):
        return Class(permission=permission, worlds=_projects(project))
    if not types:
        return Class(permission=permission, worlds=_of_unlisted(permission, given))
    known = given or _generic(types[0].partition("/")[0], project)
    return Class(permission=permission, worlds=(tuple(_subjects(types, known)),))


def _types_of(permission: str) -> tuple[str, ...]:
    if permission in _UNDER_PROJECT:
        return (_PROJECT,)
    starts = [start for start in _TYPES if permission.startswith(start)]
    return _TYPES[max(starts, key=len)] if starts else ()


def _generic(service: str, project: Project) -> tuple[str, ...]:
    if service == "iam.googleapis.com":
        return tuple(f"projects/{p}/serviceAccounts/{FRESH}" for p in ("-", project.id))
    return (_GENERIC[service].format(project=project.id, number=project.number or FRESH),)


def _subjects(types: tuple[str, ...], names: Iterable[str | Open]) -> Iterator[Subject]:
    for kind, name in itertools.product(types, names):
        below = _BELOW.get(kind)
        full = Free(name + below) if below and isinstance(name, str) else name
        yield Subject(service=kind.partition("/")[0], type=kind, name=full)


def _projects(project: Project) -> tuple[tuple[Subject, ...], ...]:
    """The service and type of a project are given; its name is on some pages and not on others."""
    names = ("", f"projects/{project.id}", f"projects/{project.number or FRESH}", Nothing())
    return tuple(
        (Subject(service=_PROJECT.partition("/")[0], type=_PROJECT, name=name),) for name in names
    )


def _of_unlisted(permission: str, names: tuple[str | Open, ...]) -> tuple[tuple[Subject, ...], ...]:
    """A service that is not on the pages may show its resource, show nothing, or fail."""
    service, noun = permission.partition(".")[0] + ".googleapis.com", permission.split(".")[-2]
    singular = f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")
    kind = f"{service}/{singular[:1].upper()}{singular[1:]}"
    shown: list[str | Open | Free] = list(names or (FRESH,))
    shown += [Free(f"{name}/") for name in names if isinstance(name, str)]
    return (
        tuple(Subject(service=service, type=kind, name=name) for name in shown),
        (Subject(service="", type="", name=""),),
        (Subject(service=Nothing(), type=Nothing(), name=Nothing()),),
    )
