"""Model files in an S3 bucket: listed by prefix, read by ranges of one fixed version."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserFactory

from mlsec.artifacts.bytes.window import Source
from mlsec.collect.client.answer import check_xml
from mlsec.collect.client.metered_botocore import meter_client
from mlsec.collect.folders.entry import Entry, Skipped, StoreError, Within
from mlsec.collect.settings import CollectSettings
from mlsec.collect.walk.call_failure import MalformedAnswerError
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.model_files.buckets.bucket import BucketStore
from mlsec.model_files.buckets.paging import Page

# The only requests this store makes; anything else is refused before it is sent.
READS = frozenset({"ListObjectsV2", "GetObject", "HeadObject"})
FULL = "FULL_OBJECT"
COLD = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_DENIED = frozenset({
    "AccessDenied", "403", "AllAccessDisabled", "InvalidAccessKeyId", "ExpiredToken",
    "InvalidToken", "TokenRefreshRequired", "SignatureDoesNotMatch",
})  # fmt: skip
_THROTTLED = frozenset({"SlowDown", "Throttling", "RequestLimitExceeded", "503"})


class S3Store(BucketStore):
    """Objects below ``s3://bucket/prefix``."""

    def __init__(self, bucket: str, prefix: str, settings: CollectSettings) -> None:
        super().__init__(f"s3://{bucket}", bucket, prefix)
        session = boto3.Session(profile_name=settings.profile or None)
        self._client: Any = session.client(
            "s3",
            config=Config(
                connect_timeout=settings.connect_timeout_s,
                read_timeout=settings.read_timeout_s,
                retries={"mode": "adaptive", "total_max_attempts": settings.tries},
                # Ranges have no checksum of their own; the object is pinned by its etag.
                response_checksum_validation="when_required",
            ),
        )
        # Nothing here reads a time, and to parse those of a list takes twice as long as the rest.
        parsers = ResponseParserFactory()
        parsers.set_parser_defaults(timestamp_parser=str)
        self._client._endpoint._response_parser_factory = parsers
        events = meter_client(self._client).meta.events
        events.register("before-call.s3", _refuse_writes)
        events.register("before-parse.s3.ListObjectsV2", _check_body)

    def _pages(self) -> Iterator[Page]:
        asked = {"Bucket": self._bucket, "Prefix": self.prefix}
        if self.within is Within.TOP:
            asked["Delimiter"] = "/"
        while True:
            page = self._page(asked)
            yield page
            if not page.token:
                return
            asked["ContinuationToken"] = page.token

    def _page(self, asked: Mapping[str, str]) -> Page:
        try:
            answer = self._client.list_objects_v2(**asked)
        except botocore.exceptions.ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if code in ("NoSuchBucket", "404"):
                raise MlsecError("there is no such bucket", location=self._address("")) from None
            raise StoreError(_reason(code), f"{code}: s3:ListBucket", code=code) from None
        except botocore.exceptions.NoCredentialsError:
            raise MlsecError(
                "no credentials to read it with",
                hint="aws configure, or --aws-profile",
                location=self._address(""),
            ) from None
        except botocore.exceptions.BotoCoreError as error:
            raise StoreError(GapReason.TIMEOUT, str(error)) from None
        token = answer.get("NextContinuationToken", "") if answer.get("IsTruncated") else ""
        if answer.get("IsTruncated") and not token:
            raise StoreError(GapReason.MALFORMED, "there is more, but not where it begins")
        return Page(objects=tuple(map(self._listed, answer.get("Contents", ()))), token=token)

    def open(self, entry: Entry) -> Source:
        """Open an object; every range must come from the version that was listed.

        Raises:
            StoreError: it lies in a storage class that has to be restored first.
        """
        if entry.storage_class in COLD:
            raise StoreError(GapReason.UNSUPPORTED, f"lies in {entry.storage_class}: restore it")
        key = entry.key

        def fetch(offset: int, length: int) -> bytes:
            span = f"bytes={offset}-{offset + length - 1}"
            try:
                answer = self._client.get_object(
                    Bucket=self._bucket, Key=key, Range=span, IfMatch=entry.etag
                )
                data: bytes = answer["Body"].read()
            except botocore.exceptions.ClientError as error:
                raise _refused(error) from None
            except botocore.exceptions.BotoCoreError as error:
                raise StoreError(GapReason.TIMEOUT, str(error)) from None
            return data

        return self._ranges(fetch, entry.size_bytes)

    def sha256(self, entry: Entry) -> str:
        """Ask for the whole object's SHA-256; S3 has one only of what came in one piece."""
        if not entry.has_sha256:
            return ""
        try:
            answer = self._client.head_object(
                Bucket=self._bucket, Key=entry.key, IfMatch=entry.etag, ChecksumMode="ENABLED"
            )
        except botocore.exceptions.ClientError as error:
            raise _refused(error) from None
        except botocore.exceptions.BotoCoreError as error:
            raise StoreError(GapReason.TIMEOUT, str(error)) from None
        if (answer.get("ETag"), answer.get("ContentLength")) != (entry.etag, entry.size_bytes):
            raise StoreError(GapReason.MALFORMED, "changed while it was read")
        # One over the parts of an upload has their number behind it: "...=-3".
        result = _whole_sha256(str(answer.get("ChecksumSHA256", "")))
        return result if answer.get("ChecksumType", FULL) == FULL else ""

    def _listed(self, item: Any) -> Entry | Skipped:
        return self._object(
            str(item["Key"]),
            int(item["Size"]),
            version=str(item["ETag"]),
            etag=str(item["ETag"]),
            storage_class=str(item.get("StorageClass", "")),
            has_sha256="SHA256" in item.get("ChecksumAlgorithm", ())
            and item.get("ChecksumType", FULL) == FULL,
        )


def open_s3(target: str, settings: CollectSettings) -> S3Store:
    """Open ``s3://bucket/prefix``.

    Raises:
        MlsecError: no bucket is named, or the profile is unknown.
    """
    bucket, _, prefix = target.removeprefix("s3://").partition("/")
    if not bucket:
        raise MlsecError(f'"{target}" names no bucket', hint="s3://bucket/folder")
    try:
        return S3Store(bucket, prefix, settings)
    except botocore.exceptions.BotoCoreError as error:
        raise MlsecError(str(error), location=target) from None


def _check_body(response_dict: Any, **_: Any) -> None:
    """Refuse a list that becomes larger when it is parsed, or is none; objects are streams here."""
    body = response_dict.get("body")
    if not isinstance(body, bytes):
        return
    check_xml(body)
    # The SDK takes any other document, such as a proxy's, for an empty list.
    if response_dict["status_code"] < 300 and b"<ListBucketResult" not in body[:1000]:
        raise MalformedAnswerError("the answer is no list of objects")


def _refuse_writes(model: Any, **_: Any) -> None:
    if model.name not in READS:
        raise PermissionError(f"{model.name} is not a read this scan makes")


def _whole_sha256(text: str) -> str:
    try:
        result = base64.b64decode(text, validate=True)
    except ValueError:
        return ""
    return result.hex() if len(result) == hashlib.sha256().digest_size else ""


def _refused(error: Any) -> StoreError:
    code = str(error.response["Error"].get("Code", ""))
    if code in ("PreconditionFailed", "412"):
        return StoreError(GapReason.MALFORMED, "changed while it was read")
    return StoreError(_reason(code), code, "s3:GetObject", code)


def _reason(code: str) -> GapReason:
    if code in _DENIED:
        return GapReason.DENIED
    return GapReason.THROTTLED if code in _THROTTLED else GapReason.UNRESOLVED
