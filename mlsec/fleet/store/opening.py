"""Which store an address names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.sanitize import visible
from mlsec.fleet.config import FleetConfig
from mlsec.fleet.store.folder import Folder
from mlsec.fleet.store.sealing import Sealing
from mlsec.fleet.store.store import Objects, Store


def _s3(bucket: str, prefix: str) -> Objects:
    from mlsec.fleet.store.s3 import S3Objects  # noqa: PLC0415 - it loads the SDK

    return S3Objects(bucket, prefix)


def _gcs(bucket: str, prefix: str) -> Objects:
    from mlsec.fleet.store.gcs import GcsObjects  # noqa: PLC0415 - it loads the SDK

    return GcsObjects(bucket, prefix)


def _azure(account: str, rest: str) -> Objects:
    from mlsec.fleet.store.azure import AzureObjects  # noqa: PLC0415 - it loads the SDK

    container, _, prefix = rest.partition("/")
    return AzureObjects(account, container, prefix)


_CLOUDS: Mapping[str, tuple[str, Callable[[str, str], Objects]]] = {
    "s3": ("aws", _s3),
    "gs": ("gcp", _gcs),
    "az": ("azure", _azure),
}


def open_store(config: FleetConfig) -> Store:
    """Open the store of a fleet.

    Raises:
        MlsecError: the address is not that of a store, or a cloud whose package is not installed.
    """
    scheme, is_address, rest = config.store.partition("://")
    sealing = Sealing(config.recipients)
    if not is_address:
        return Store(Folder(Path(config.store)), sealing, config.store)
    if scheme not in _CLOUDS:
        raise MlsecError(
            f'"{visible(config.store, 100)}" is no store',
            hint="a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX",
        )
    extra, opened = _CLOUDS[scheme]
    first, _, prefix = rest.partition("/")
    try:
        return Store(opened(first, prefix.strip("/")), sealing, config.store)
    except ModuleNotFoundError:
        raise MlsecError("this store needs its SDK", hint=command_to_add(extra)) from None
