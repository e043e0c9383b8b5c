"""The table of what can be scanned: a collector for each kind of target."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.collect.collector import Collector, PolicyText
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.resource import Inventory
from mlsec.providers.aws import provider as aws
from mlsec.providers.azure import provider as azure
from mlsec.providers.gcp import provider as gcp
from mlsec.providers.kubernetes import provider as kubernetes
from mlsec.servers.probe import provider as probe
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary


def _read_clusters(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Read clusters together with the model servers that run in them."""
    from mlsec.repository.clusters import read_clusters  # noqa: PLC0415 - it loads the servers

    return read_clusters(snapshot, vocabulary)


def _collect_files(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    from mlsec.model_files import collector  # noqa: PLC0415 - the readers are not needed to start

    collector.collect(target, snapshot, settings, progress)
    if not scheme_of(target):
        from mlsec.repository import collector as code  # noqa: PLC0415

        code.collect(target, snapshot, settings, progress)
        if settings.checkov or settings.checkov_json is not None:
            from mlsec.repository.checkov import collector as checkov  # noqa: PLC0415

            checkov.collect(target, snapshot, settings, progress)


def _read_files(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.model_files import reader  # noqa: PLC0415

    return reader.read(snapshot, vocabulary)


def _read_code(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.repository import reader  # noqa: PLC0415

    return reader.read(snapshot, vocabulary)


COLLECTORS: Mapping[str, Collector] = {
    "aws": aws.COLLECTOR,
    "azure": azure.COLLECTOR,
    "gcp": gcp.COLLECTOR,
    "kubernetes": msgspec.structs.replace(kubernetes.COLLECTOR, read=_read_clusters),
    "files": Collector(collect=_collect_files, read=_read_files),
    "probe": probe.COLLECTOR,
    # A folder is read once for its model files and once for its code.
    "code": Collector(collect=_collect_files, read=_read_code),
}
POLICIES: Mapping[str, PolicyText] = {
    name: collector.policy for name, collector in COLLECTORS.items() if collector.policy is not None
}
# How a target begins that is not a path; everything else is a file or a folder.
SCHEMES: Mapping[str, str] = {
    "aws": "aws", "azure": "azure", "gcp": "gcp", "kubernetes": "kubernetes",
    "s3": "files", "gs": "files", "az": "files", "https": "probe", "http": "probe",
}  # fmt: skip
# What is a whole target without "://" too: all that the credentials reach.
_BARE = frozenset({"aws", "azure", "gcp", "kubernetes"})


def scheme_of(target: str) -> str:
    """Give the scheme of an address, "" for a path.

    The text alone decides: what lies in the working directory never turns one into the other.
    """
    scheme, is_address, _ = target.partition("://")
    return scheme if (is_address and scheme in SCHEMES) or scheme in _BARE else ""


def provider_of(target: str) -> str:
    """Give which collector reads a target."""
    return SCHEMES.get(scheme_of(target), "files")
