"""Addresses inside AWS answers: S3 locations, container images, ARNs, URLs."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

from mlsec.core.regex import regex

_ECR = regex(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)"
    r"\.(?:amazonaws\.com|on\.aws|amazonaws\.com\.cn|on\.amazonwebservices\.com\.cn)"
    r"/(?P<name>[^:@]+)"
)
_CONTAINERS_OF_AWS = ("763104351884", "727897471807")
_S3_HOST = regex(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9._-]*)\.)?s3(?:express[a-z0-9-]*)?"
    r"(?:[.-][a-z0-9-]+(?:\.[a-z0-9-]+)*)?\.amazonaws\.com(?:\.cn)?\Z"
)
_LONGEST_HOST = 255
_S3_ARN = regex(r"arn:aws[a-z-]*:s3:::(?P<bucket>[^/]+)(?:/(?P<key>.*))?\Z", re.DOTALL)


def s3_bucket(raw: Any) -> str | None:
    """Give the bucket of an S3 URI, https URL or bucket ARN; None if it is not S3."""
    place = _s3_place(raw)
    return place[0] if place else None


def s3_key(raw: Any) -> str | None:
    """Give the key or prefix of an S3 location ("" for the whole bucket); None if it is not S3."""
    place = _s3_place(raw)
    return place[1] if place else None


def s3_bucket_arn(raw: Any) -> str | None:
    """Give the ARN of the bucket of an S3 location."""
    bucket = s3_bucket(raw)
    return f"arn:aws:s3:::{bucket}" if bucket else None


def ecr_repository(raw: Any) -> str | None:
    """Give the ARN of the private ECR repository that an image address names; None if another."""
    match = _ECR.match(str(raw)) if raw else None
    if match is None:
        return None
    region = match["region"]
    partition = _partition(region)
    return f"arn:{partition}:ecr:{region}:{match['account']}:repository/{match['name']}"


def own_ecr_repository(raw: Any) -> str | None:
    """Give the same, but for those from which AWS gives out its deep learning containers.

    Only AWS pushes to them: https://github.com/aws/deep-learning-containers
    """
    repository = ecr_repository(raw)
    return None if account_of(repository) in _CONTAINERS_OF_AWS else repository


def account_of(raw: Any) -> str | None:
    """Give the account id in an ARN; None where there is none."""
    parts = str(raw).split(":", 5) if raw else []
    return parts[4] if len(parts) > 5 and parts[4].isdecimal() else None


def region_of(raw: Any) -> str | None:
    """Give the region in an ARN; None where there is none."""
    parts = str(raw).split(":", 5) if raw else []
    return (parts[3] or None) if len(parts) > 5 else None


def last_segment(raw: Any) -> str | None:
    """Give what follows the last ``/`` or ``:`` of an ARN or address."""
    return re.split(r"[/:]", str(raw))[-1] if raw else None


def url_host(raw: Any) -> str | None:
    """Give the host of a URL, in lower case."""
    return urllib.parse.urlsplit(str(raw)).hostname if raw else None


def _s3_place(raw: Any) -> tuple[str, str] | None:
    if not raw:
        return None
    text = str(raw)
    if text.startswith(("s3://", "s3a://", "s3n://")):
        bucket, _, key = text.partition("://")[2].partition("/")
        return (bucket, key) if bucket else None
    if arn := _S3_ARN.match(text):
        return arn["bucket"], arn["key"] or ""
    if text.startswith(("https://", "http://")):
        return _s3_url(text)
    return None


def _s3_url(text: str) -> tuple[str, str] | None:
    url = urllib.parse.urlsplit(text)
    host = url.hostname or ""
    match = _S3_HOST.match(host) if len(host) <= _LONGEST_HOST else None
    if match is None:
        return None
    path = urllib.parse.unquote(url.path.lstrip("/"))
    if match["bucket"]:
        return match["bucket"], path
    bucket, _, key = path.partition("/")
    return (bucket, key) if bucket else None


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
