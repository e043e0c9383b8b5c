"""What each Azure service has in the invented company: one file per service, all in this table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import (
    acr,
    apim,
    cognitive,
    compute,
    databricks,
    identity,
    keyvault,
    ml,
    ml_serving,
    ml_work,
    monitor,
    network,
    search,
    storage,
)


class Builder(Protocol):
    """A module with the resources of one service; every resource is a whole ARM document."""

    FAULTS: tuple[Planted, ...]

    def of_company(self) -> Sequence[dict[str, Any]]:
        """Give what the company has once."""

    def of_deployment(self, site: Site) -> Sequence[dict[str, Any]]:
        """Give what a deployment has."""

    def specimens(self) -> Sequence[dict[str, Any]]:
        """Give one of each kind that is nowhere else, so that every read is made."""


BUILDERS: tuple[Builder, ...] = (
    ml, ml_serving, ml_work, cognitive, search, databricks,
    storage, keyvault, acr, identity, network, compute, monitor, apim,
)  # fmt: skip
