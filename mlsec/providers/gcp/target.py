"""``gcp[://project,...[/location,...]]`` taken apart."""

from __future__ import annotations

import re

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

# Ids of older projects begin with a domain: example.com:project.
_PROJECT = re.compile(r"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$|^\d{6,}$")
_LOCATION = re.compile(r"^[a-z]{2,}(-[a-z]+\d+)?$|^global$")


class GcpTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Which projects and locations; empty means "whatever the credentials say" and "all"."""

    projects: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


def parse_target(text: str) -> GcpTarget:
    """Take a target apart.

    Raises:
        MlsecError: not ``gcp[://project,...[/location,...]]``.
    """
    if text in ("gcp", "gcp://"):
        return GcpTarget()
    named, _, places = text.removeprefix("gcp://").partition("/")
    projects, regions = _names(named), _names(places)
    wrong = [project for project in projects if not _PROJECT.match(project)]
    wrong += [region for region in regions if not _LOCATION.match(region)]
    if wrong or not projects or not text.startswith("gcp://"):
        raise MlsecError(
            f'"{visible(text, 80)}" is not a Google Cloud target',
            hint="gcp, gcp://my-project, gcp://first-project,second-project or"
            " gcp://my-project/europe-west4",
        )
    return GcpTarget(projects=projects, regions=regions)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
