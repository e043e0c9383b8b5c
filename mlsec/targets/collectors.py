"""Ask a provider for facts; what could not be read becomes a gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.resource import Inventory
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's two ends: target to snapshot, and snapshot to inventory.

    ``check`` signs in and asks for nothing else, so that what is wrong with one target shows before
    another is walked; None where there is nothing to sign in to.
    """

    collect: Callable[[str, Snapshot, CollectSettings, Progress | None], None]
    read: Callable[[Snapshot, Vocabulary], Inventory]
    check: Callable[[str, CollectSettings], None] | None = None


class PolicyText(Protocol):
    """Gives the rights that a scan needs, as the provider wants them written."""

    def __call__(self, *, is_organisation: bool) -> str:
        """Give the text; ``is_organisation`` with the rights to walk more than one account."""


def _aws() -> Any:
    try:
        # The SDK is loaded when AWS is asked, not when mlsec starts or reads a snapshot.
        from mlsec.providers.aws.collect import collector  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("botocore", "boto3"):
            raise
        raise MlsecError("AWS needs its SDK", hint=command_to_add("aws")) from None
    return collector


def _collect_aws(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    _aws().collect(target, snapshot, settings, progress)


def _check_aws(target: str, settings: CollectSettings) -> None:
    _aws().check(target, settings)


def _read_aws(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.providers.aws.collect import reader  # noqa: PLC0415 - the plans are not needed to start

    return reader.read(snapshot, vocabulary)


def _azure() -> Any:
    try:
        from mlsec.providers.azure.collect import collector  # noqa: PLC0415 - only when Azure is asked
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("azure", "requests", "msal"):
            raise
        raise MlsecError("Azure needs its SDK", hint=command_to_add("azure")) from None
    return collector


def _collect_azure(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    _azure().collect(target, snapshot, settings, progress)


def _check_azure(target: str, settings: CollectSettings) -> None:
    _azure().check(target, settings)


def _read_azure(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.providers.azure.collect import reader  # noqa: PLC0415 - the plans are not needed to start

    return reader.read(snapshot, vocabulary)


def _gcp() -> Any:
    try:
        from mlsec.providers.gcp.collect import collector  # noqa: PLC0415 - as for AWS
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("google", "requests"):
            raise
        raise MlsecError(
            "Google Cloud needs its sign-in library", hint=command_to_add("gcp")
        ) from None
    return collector


def _collect_gcp(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    _gcp().collect(target, snapshot, settings, progress)


def _check_gcp(target: str, settings: CollectSettings) -> None:
    _gcp().check(target, settings)


def _read_gcp(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.providers.gcp.collect import reader  # noqa: PLC0415

    return reader.read(snapshot, vocabulary)


def _kubernetes() -> Any:
    try:
        from mlsec.providers.kubernetes.collect import collector  # noqa: PLC0415 - as for AWS
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("kubernetes", "urllib3"):
            raise
        raise MlsecError("Kubernetes needs its client", hint=command_to_add("kubernetes")) from None
    return collector


def _collect_kubernetes(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    _kubernetes().collect(target, snapshot, settings, progress)


def _check_kubernetes(target: str, settings: CollectSettings) -> None:
    _kubernetes().check(target, settings)


def _read_kubernetes(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.repository.clusters import read_clusters  # noqa: PLC0415 - the kinds are not needed

    return read_clusters(snapshot, vocabulary)


def _aws_policy(*, is_organisation: bool) -> str:
    from mlsec.providers.aws.policy import least_privilege_policy  # noqa: PLC0415

    return least_privilege_policy(is_organisation=is_organisation)


def _azure_role(*, is_organisation: bool) -> str:
    from mlsec.providers.azure.policy import least_privilege_role  # noqa: PLC0415

    return least_privilege_role(is_organisation=is_organisation)


def _gcp_role(*, is_organisation: bool) -> str:
    from mlsec.providers.gcp.policy import least_privilege_role  # noqa: PLC0415

    return least_privilege_role(is_organisation=is_organisation)


def _kubernetes_role(*, is_organisation: bool) -> str:
    from mlsec.providers.kubernetes.policy import least_privilege_role  # noqa: PLC0415

    # A cluster has no organisation above it; what is asked for instead is config maps.
    return least_privilege_role(has_configmaps=is_organisation)


def _collect_files(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    from mlsec.model_files import collector  # noqa: PLC0415 - the readers are not needed to start

    collector.collect(target, snapshot, settings, progress)
    if "://" not in target:
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


def _collect_probe(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    from mlsec.servers.probe import collector  # noqa: PLC0415 - only when a server is asked

    collector.collect(target, snapshot, settings, progress)


def _check_probe(target: str, settings: CollectSettings) -> None:
    from mlsec.servers.probe import collector  # noqa: PLC0415

    collector.check(target, settings)


def _read_probe(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.servers.probe import reader  # noqa: PLC0415

    return reader.read(snapshot, vocabulary)


COLLECTORS: Mapping[str, Collector] = {
    "aws": Collector(collect=_collect_aws, read=_read_aws, check=_check_aws),
    "azure": Collector(collect=_collect_azure, read=_read_azure, check=_check_azure),
    "gcp": Collector(collect=_collect_gcp, read=_read_gcp, check=_check_gcp),
    "kubernetes": Collector(
        collect=_collect_kubernetes, read=_read_kubernetes, check=_check_kubernetes
    ),
    "files": Collector(collect=_collect_files, read=_read_files),
    "probe": Collector(collect=_collect_probe, read=_read_probe, check=_check_probe),
    # A folder is read once for its model files and once for its code.
    "code": Collector(collect=_collect_files, read=_read_code),
}
POLICIES: Mapping[str, PolicyText] = {
    "aws": _aws_policy, "azure": _azure_role, "gcp": _gcp_role,
    "kubernetes": _kubernetes_role,
}  # fmt: skip
# How a target begins that is not a path; everything else is a file or a folder.
SCHEMES: Mapping[str, str] = {
    "aws": "aws", "azure": "azure", "gcp": "gcp", "kubernetes": "kubernetes",
    "s3": "files", "gs": "files", "az": "files", "https": "probe", "http": "probe",
}  # fmt: skip


def provider_of(target: str) -> str:
    """Give which collector reads a target."""
    return SCHEMES.get(target.partition("://")[0], "files")
