"""What exists in an invented Google Cloud: projects, and resources found by path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tests.estate.gcp_discovery import api

PROJECT, NUMBER = "nordlicht-ml", "481516234200"
SECOND, SECOND_NUMBER = "nordlicht-lab", "481516234201"
ORGANIZATION, FOLDER = "organizations/108000000001", "folders/108000000042"
HOME, QUIET = "europe-west4", "us-central1"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """``disabled`` are services (``notebooks``) whose API is off in the project."""

    id: str = PROJECT
    number: str = NUMBER
    state: str = "ACTIVE"
    parent: str = ORGANIZATION
    disabled: frozenset[str] = frozenset()


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """One resource as the API of ``document`` (``aiplatform.v1``) tells it.

    ``path`` is its path below the version: ``projects/p/locations/l/endpoints/1``, ``b/bucket``.
    It is found by ``get`` there, and listed one segment above. ``schema`` is what ``body`` is held
    to. ``policy`` is its own IAM policy. ``asset`` is its type in Cloud Asset Inventory, "" when
    the inventory does not have it; ``asset_name`` its name there when that is not
    ``//host/path``.
    """

    document: str
    schema: str
    path: str
    body: Mapping[str, Any]
    policy: Mapping[str, Any] | None = None
    project: str = PROJECT
    asset: str = ""
    asset_name: str = ""

    @property
    def service(self) -> str:
        """``aiplatform``."""
        return self.document.partition(".")[0]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is not a resource of a collection: a setting, or what a POST tells.

    ``path`` as in Thing, with the custom verb (``projects/p:getAncestry``).
    """

    document: str
    schema: str
    path: str
    body: Mapping[str, Any]

    @property
    def service(self) -> str:
        """``cloudresourcemanager``."""
        return self.document.partition(".")[0]


class World:
    """Everything that the server can tell; changed by tests between questions."""

    def __init__(
        self, things: Iterable[Thing | Told] = (), projects: Iterable[Project] = (Project(),)
    ) -> None:
        self.projects = {each.id: each for each in projects}
        # Paths of things that are listed still and deleted when they are looked at.
        self.vanished: set[str] = set()
        # Services that are off in the project that pays for the calls, which is another one.
        self.payer_lacks: set[str] = set()
        self.folders: dict[str, tuple[str, ...]] = {}
        self.organizations: tuple[str, ...] = (ORGANIZATION,)
        self.locations: dict[str, tuple[str, ...]] = {}
        self.things: dict[tuple[str, str], Thing] = {}
        self.told: dict[tuple[str, str], Told] = {}
        for thing in things:
            self.add(thing)

    def add(self, thing: Thing | Told) -> None:
        """Put something in.

        Raises:
            ValueError: a field that Google's own schema does not have, or two things at one path.
        """
        found = api(thing.document)
        wrong = list(found.mistakes(dict(thing.body), {"$ref": thing.schema}, thing.schema))
        if wrong:
            raise ValueError(f"{thing.path}: " + "; ".join(wrong[:5]))
        key = (thing.service, thing.path)
        if key in self.things or key in self.told:
            raise ValueError(f"two builders made {thing.path}")
        if isinstance(thing, Told):
            self.told[key] = thing
        else:
            self.things[key] = thing

    def replace(self, thing: Thing | Told) -> None:
        """Put something in the place of what was there."""
        self.things.pop((thing.service, thing.path), None)
        self.told.pop((thing.service, thing.path), None)
        self.add(thing)

    def remove(self, service: str, path: str) -> None:
        """Take a thing out, as when somebody deletes it."""
        del self.things[service, path]

    def places(self, service: str) -> tuple[str, ...]:
        """Give a service's locations."""
        return self.locations.get(service, (HOME, QUIET))

    def by_number(self, text: str) -> str:
        """Replace project numbers by ids, as a server understands both."""
        numbers = {project.number: project.id for project in self.projects.values()}
        return re.sub(r"\bprojects/(\d+)", lambda m: "projects/" + numbers.get(m[1], m[1]), text)

    def below(self, service: str, path: str, project: str) -> list[Thing]:
        """Give what is listed at a path; ``-`` stands for any one segment."""
        wanted = path.strip("/").split("/")
        return [
            thing
            for (name, _), thing in self.things.items()
            if name == service
            and _fits(thing.path.split("/")[:-1], wanted)
            and (thing.project == project if "projects" not in wanted[:1] else True)
        ]

    def aggregated(self, service: str, project: str, noun: str) -> dict[str, list[Thing]]:
        """Give a Compute Engine collection by place: ``regions/europe-west4``."""
        found: dict[str, list[Thing]] = {}
        for (name, _), thing in self.things.items():
            match = re.fullmatch(
                rf"projects/{project}/((?:regions|zones)/[^/]+|global)/{noun}/[^/]+", thing.path
            )
            if name == service and match:
                found.setdefault(match[1], []).append(thing)
        return found


def _fits(path: list[str], wanted: list[str]) -> bool:
    return len(path) == len(wanted) and all(
        other in (mine, "-") for mine, other in zip(path, wanted, strict=True)
    )
