"""Objects in an S3 bucket, or in any service that speaks its protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.exceptions as failures
from boto3.exceptions import Boto3Error
from botocore.config import Config

from mlsec.core.errors import MlsecError

T = TypeVar("T")
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 8})


class S3Objects:
    """Objects below ``s3://bucket/prefix``."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._client: Any = _tried(lambda: boto3.client("s3", config=_CONFIG), f"s3://{bucket}")

    def write(self, name: str, file: Path) -> None:
        """Upload a file; S3 shows it only once it is whole."""
        key = f"{self._prefix}{name}"
        _tried(lambda: self._client.upload_file(str(file), self._bucket, key), self._at(name))

    def read(self, name: str, file: Path) -> None:
        """Download an object."""
        key = f"{self._prefix}{name}"
        _tried(lambda: self._client.download_file(self._bucket, key, str(file)), self._at(name))

    def names(self, prefix: str) -> Iterator[str]:
        """List the names that begin so."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}"
        )
        for page in _tried(lambda: list(pages), self._at(prefix)):
            for item in page.get("Contents", ()):
                yield str(item["Key"]).removeprefix(self._prefix)

    def delete(self, name: str) -> None:
        """Delete an object."""
        key = f"{self._prefix}{name}"
        _tried(lambda: self._client.delete_object(Bucket=self._bucket, Key=key), self._at(name))

    def _at(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"


def _tried(do: Callable[[], T], place: str) -> T:
    try:
        return do()
    except (failures.ClientError, failures.BotoCoreError, Boto3Error) as error:
        raise MlsecError(f"the store cannot be used: {error}", location=place) from None
