"""Kubernetes clusters as targets; their client and kinds are loaded only when they are used."""

from __future__ import annotations

from types import ModuleType

from mlsec.collect.collector import lazy_collector, sdk_of, with_parts


def _collector() -> ModuleType:
    with sdk_of("Kubernetes", "kubernetes", "kubernetes", "urllib3"):
        from mlsec.providers.kubernetes.collect import collector  # noqa: PLC0415 - it loads the SDK
    return collector


def _reader() -> ModuleType:
    from mlsec.providers.kubernetes.collect import reader  # noqa: PLC0415 - it loads the kinds

    return reader


def _policy(*, is_organisation: bool) -> str:
    from mlsec.providers.kubernetes.policy import least_privilege_role  # noqa: PLC0415 - it loads the plans

    # A cluster has no organisation; the option includes config maps instead.
    return least_privilege_role(has_configmaps=is_organisation)


COLLECTOR = with_parts(lazy_collector(_collector, _reader, _policy), _collector, _reader)
