"""Microsoft Azure as a target; its SDK and its plans are loaded only when they are used."""

from __future__ import annotations

from types import ModuleType

from mlsec.collect.collector import lazy_collector, sdk_of, with_parts


def _collector() -> ModuleType:
    with sdk_of("Azure", "azure", "azure", "requests", "msal"):
        from mlsec.providers.azure.collect import collector  # noqa: PLC0415 - it loads the SDK
    return collector


def _reader() -> ModuleType:
    from mlsec.providers.azure.collect import reader  # noqa: PLC0415 - it loads the plans

    return reader


def _policy(*, is_organisation: bool) -> str:
    from mlsec.providers.azure.policy import least_privilege_role  # noqa: PLC0415 - it loads the plans

    return least_privilege_role(is_organisation=is_organisation)


COLLECTOR = with_parts(lazy_collector(_collector, _reader, _policy), _collector, _reader)
