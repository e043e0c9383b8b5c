"""What each Google Cloud service has in the invented company: one file per service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_items import (
    ces,
    dialogflow,
    doors,
    hierarchy,
    iam,
    keys_and_images,
    modelarmor,
    storage,
    surroundings,
    vertex_agents,
    vertex_data,
    vertex_jobs,
    vertex_monitoring,
    vertex_notebooks,
    vertex_search,
    vertex_serving,
    workbench,
)
from tests.estate.gcp_world import Thing, Told


class Builder(Protocol):
    """A module with the resources of one service."""

    FAULTS: tuple[Planted, ...]

    def of_company(self) -> Sequence[Thing | Told]:
        """Give what the company has once."""

    def of_deployment(self, site: Site) -> Sequence[Thing | Told]:
        """Give what a deployment has."""

    def specimens(self) -> Sequence[Thing | Told]:
        """Give one of each kind that is nowhere else, so that every read is made."""


BUILDERS: tuple[Builder, ...] = (
    vertex_serving,
    vertex_jobs,
    vertex_data,
    vertex_agents,
    vertex_notebooks,
    vertex_monitoring,
    vertex_search,
    ces,
    dialogflow,
    workbench,
    modelarmor,
    hierarchy,
    iam,
    storage,
    keys_and_images,
    doors,
    surroundings,
)
