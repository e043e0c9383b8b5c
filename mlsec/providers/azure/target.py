"""The subscriptions of a target."""

from __future__ import annotations

import re

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class AzureTarget(msgspec.Struct, frozen=True, kw_only=True):
    """``azure[://subscription[,...]]`` parsed; empty means all that the credentials see."""

    subscriptions: tuple[str, ...] = ()


def parse_target(text: str) -> AzureTarget:
    """Parse a target; subscriptions are ids, in lower case.

    Raises:
        MlsecError: not ``azure[://subscription[,...]]``.
    """
    if text in ("azure", "azure://"):
        return AzureTarget()
    body = text.removeprefix("azure://")
    names = [name.strip().lower() for name in body.split(",") if name.strip()]
    if body == text or not names or not all(_ID.match(name) for name in names):
        raise MlsecError(
            f'"{visible(text, 120)}" is not an Azure target',
            hint="azure, or azure://00000000-0000-0000-0000-000000000000 with the ids of"
            " subscriptions (az account list --output table)",
        )
    return AzureTarget(subscriptions=tuple(sorted(set(names))))
