"""Which store a target names: a path, or a bucket of one of the clouds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlsec.collect.folders.entry import Bucket
from mlsec.collect.folders.local import LocalStore
from mlsec.collect.settings import CollectSettings
from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.sanitize import plain_name
from mlsec.model_files.models import says_something


def _s3(target: str, settings: CollectSettings) -> Bucket:
    with _package("boto3", "aws"):
        from mlsec.model_files.buckets.s3 import open_s3  # noqa: PLC0415
    return open_s3(target, settings)


def _gcs(target: str, settings: CollectSettings) -> Bucket:
    with _package("google", "gcp"):
        from mlsec.model_files.buckets.gcs import open_gcs  # noqa: PLC0415
    return open_gcs(target, settings)


def _azure(target: str, settings: CollectSettings) -> Bucket:
    with _package("azure", "azure"):
        from mlsec.model_files.buckets.azure import open_azure  # noqa: PLC0415
    return open_azure(target, settings)


@contextmanager
def _package(name: str, extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in (name, "botocore"):
            raise
        raise MlsecError("this store needs its SDK", hint=command_to_add(extra)) from None


# A cloud's package is loaded only when one of its buckets is named.
BUCKETS: Mapping[str, Callable[[str, CollectSettings], Bucket]] = {
    "s3": _s3,
    "gs": _gcs,
    "az": _azure,
}


def open_store(target: str, settings: CollectSettings) -> LocalStore | Bucket:
    """Give the store of a target.

    Raises:
        MlsecError: a bucket address that is none, or a cloud whose package is not installed.
    """
    scheme, result, _ = target.partition("://")
    if result and scheme in BUCKETS:
        bucket = BUCKETS[scheme](target, settings)
        bucket.says_something, bucket.within = says_something, settings.within
        if settings.deadline_s:
            bucket.ends_at = time.monotonic() + settings.deadline_s
        return bucket
    return LocalStore(Path(target), settings.written, settings.in_use, settings.excluded)


def open_bucket(target: str, settings: CollectSettings) -> Bucket:
    """Give the bucket of an address.

    Raises:
        MlsecError: as ``open_store``, or an address of another kind.
    """
    result = open_store(target, settings)
    if isinstance(result, LocalStore):
        known = ", ".join(f"{scheme}://" for scheme in BUCKETS)
        raise MlsecError("is no address of a bucket", hint=f"one of {known}", location=target)
    return result


def scope_of(target: str) -> str:
    """Name what a target covers, as reports group it."""
    return f"files/{plain_name(target).rstrip('/') or '/'}"
