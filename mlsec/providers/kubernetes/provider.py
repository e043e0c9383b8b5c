"""Kubernetes clusters as targets; their client and kinds are loaded only when they are used."""

from __future__ import annotations

from types import ModuleType

from mlsec.collect.collector import Collector, sdk_of
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.resource import Inventory
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary


def _collector() -> ModuleType:
    with sdk_of("Kubernetes", "kubernetes", "kubernetes", "urllib3"):
        from mlsec.providers.kubernetes.collect import collector  # noqa: PLC0415 - it loads the SDK
    return collector


def _collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    _collector().collect(target, snapshot, settings, progress)


def _check(target: str, settings: CollectSettings) -> None:
    _collector().check(target, settings)


def _read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.providers.kubernetes.collect import reader  # noqa: PLC0415 - it loads the kinds

    return reader.read(snapshot, vocabulary)


def _policy(*, is_organisation: bool) -> str:
    from mlsec.providers.kubernetes.policy import least_privilege_role  # noqa: PLC0415 - it loads the plans

    # A cluster has no organisation; the option includes config maps instead.
    return least_privilege_role(has_configmaps=is_organisation)


COLLECTOR = Collector(collect=_collect, read=_read, check=_check, policy=_policy)
