"""What exists in an invented Azure: subscriptions and ARM resources, found by path."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

TENANT = "7e000000-0000-4000-8000-000000000001"
SUBSCRIPTION = "5b000000-0000-4000-8000-000000000001"
# Stands in addresses for the server that tells them.
SERVER = "https://server.invalid"
SECOND = "5b000000-0000-4000-8000-000000000002"


# What a subscription's list of resources says of each.
_OUTLINE = ("id", "name", "type", "location", "kind", "tags", "sku", "identity")


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """``unregistered`` are resource provider namespaces, in lower case."""

    id: str = SUBSCRIPTION
    name: str = "nordlicht-ml"
    state: str = "Enabled"
    unregistered: frozenset[str] = frozenset()


class World:
    """Everything that the server can tell; changed by tests between questions.

    ``resources`` are whole ARM resources by their id in lower case; ``answers`` are documents for
    paths (lower case) that are no resource, such as a setting. ``groups`` are management groups
    and their subscriptions. ``actions`` is what our role may do everywhere. Of the Resource Graph:
    ``unindexed`` types, ``lagging`` ids that it does not know yet, ``ghosts`` that it still knows,
    ``thin`` types (lower case) whose rows lack some properties, ``index_versions`` that it reads
    types with. ``unlisted`` types (lower case) are left out of the listing of all resources;
    ``changed`` says when a resource (id in lower case) was changed last, and ``listed_before`` are
    those that whole subscriptions still list and that are gone when they are asked about.
    ``memberships`` are the directory groups that a principal is in.
    """

    def __init__(
        self,
        resources: Iterable[Mapping[str, Any]] = (),
        subscriptions: Iterable[Subscription] = (Subscription(),),
    ) -> None:
        self.subscriptions = {each.id: each for each in subscriptions}
        self.resources: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        # Texts that no report may show; builders put theirs in.
        self.secrets: set[str] = set()
        self.groups: dict[str, tuple[str, ...]] = {}
        self.memberships: dict[str, tuple[str, ...]] = {}
        self.actions: tuple[str, ...] = ("*/read",)
        self.unindexed: set[str] = set()
        self.lagging: set[str] = set()
        self.ghosts: list[dict[str, Any]] = []
        self.thin: dict[str, set[str]] = {}
        self.index_versions: dict[str, str | None] = {}
        self.unlisted: set[str] = set()
        self.changed: dict[str, str | None] = {}
        self.listed_before: dict[str, dict[str, Any]] = {}
        for resource in resources:
            self.add(resource)

    def add(self, resource: Mapping[str, Any]) -> None:
        """Put a resource in, or the answer to a path (``{"~answer": path, "body": ...}``), a text
        that must never be shown (``{"~secret": text}``), or a membership (``{"~member": principal,
        "of": group}``).
        """
        if "~secret" in resource:
            self.secrets.add(str(resource["~secret"]))
            return
        if "~member" in resource:
            member = str(resource["~member"]).lower()
            self.memberships[member] = (*self.memberships.get(member, ()), str(resource["of"]))
            return
        if "~answer" in resource:
            self.answers[str(resource["~answer"]).lower()] = resource["body"]
            return
        known = dict(resource)
        known.setdefault("name", known["id"].rpartition("/")[2])
        known.setdefault("type", type_of(known["id"]))
        key = known["id"].lower()
        if key in self.resources:
            raise ValueError(f"two builders made {key}")
        self.resources[key] = known

    def may(self, action: str) -> bool:
        """Whether our role allows an action."""
        return any(fnmatch.fnmatch(action.lower(), each.lower()) for each in self.actions)

    def tracked(self, subscription: str) -> list[dict[str, Any]]:
        """Give what Resource Manager lists of a subscription: without properties."""
        prefix = f"/subscriptions/{subscription.lower()}/"
        return [
            {
                **{k: r[k] for k in _OUTLINE if k in r},
                "changedTime": self.changed.get(key, "2020-01-01T00:00:00.0000000Z"),
            }
            for key, r in [*self.resources.items(), *self.listed_before.items()]
            if key.startswith(prefix) and r.get("location") and self.may(f"{r['type']}/read")
            if r["type"].lower() not in self.unlisted
        ]

    def get(self, path: str) -> dict[str, Any] | None:
        """Give the resource or the document at a path."""
        return self.answers.get(path.lower()) or self.resources.get(path.lower())

    def below(self, path: str) -> list[dict[str, Any]] | None:
        """Give what a listing at a path has, None when there is nothing that it could lie below."""
        folded = path.lower().rstrip("/")
        pieces = folded.split("/")
        if len(pieces) >= 6 and pieces[3] == "providers" and folded.count("/providers/") == 1:
            return self._of_type(f"/subscriptions/{pieces[2]}/", "/".join(pieces[4:]))
        above = folded.rpartition("/")[0]
        above = above.rpartition("/providers/")[0] if _is_scope(above) else above
        if above.count("/") > 4 and above not in self.resources and above not in self.answers:
            return None
        prefix = folded + "/"
        found = [r for key, r in self.resources.items() if key.startswith(prefix)]
        return [r for r in found if "/" not in r["id"][len(prefix) :]]

    def _of_type(self, prefix: str, kind: str) -> list[dict[str, Any]]:
        return [
            resource
            for key, resource in [*self.resources.items(), *self.listed_before.items()]
            if key.startswith(prefix) and resource["type"].lower() == kind
        ]


def _is_scope(path: str) -> bool:
    """Whether a path ends at a provider's name, as that of an extension resource's listing."""
    return path.rpartition("/")[0].endswith("/providers")


def type_of(resource_id: str) -> str:
    """Give the resource type that an id names: ``Namespace/type/subtype``."""
    pieces = resource_id.rpartition("/providers/")[2].split("/")
    return "/".join([pieces[0], *pieces[1::2]])


def group_id(group: str = "nordlicht", subscription: str = SUBSCRIPTION) -> str:
    """Give the id of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def arm(
    provider_path: str,
    properties: Mapping[str, Any] | None = None,
    *,
    location: str = "westeurope",
    group: str = "nordlicht",
    subscription: str = SUBSCRIPTION,
    **more: Any,
) -> dict[str, Any]:
    """Make a tracked resource: ``provider_path`` is ``Microsoft.X/types/name[/children/name]``."""
    place = {"location": location} if location else {}
    return {
        "id": f"{group_id(group, subscription)}/providers/{provider_path}",
        **place,
        **more,
        "properties": dict(properties or {}),
    }


def project(account: Mapping[str, Any], name: str, **more: Any) -> dict[str, Any]:
    """Make an AI Foundry project, whose own interface is on the server too."""
    made = child(account, f"projects/{name}", {})
    address = f"{SERVER}/api/projects{made['id']}"
    return {**made, **more, "properties": {"endpoints": {"AI Foundry API": address}}}


def agent(
    above: Mapping[str, Any], name: str, tools: Iterable[Mapping[str, Any]], **more: Any
) -> dict[str, Any]:
    """Make an agent of a project, as the project's own interface tells it below ``agent``."""
    definition = {"kind": "prompt", "model": "chat", "instructions": "Help.", "tools": list(tools)}
    latest = {"id": f"{name}:1", "name": name, "version": "1", "definition": definition}
    told = {"id": name, "name": name, "state": "enabled", "versions": {"latest": latest}, **more}
    return {"id": f"{above['id']}/agents/{name}", "agent": told, "properties": {}}


def child(
    parent: Mapping[str, Any], path: str, properties: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Make a child resource: ``path`` is ``types/name`` below the parent's id."""
    return {"id": f"{parent['id']}/{path}", **more, "properties": dict(properties)}
