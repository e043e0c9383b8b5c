"""A short way for operations that are asked thousands of times: what the SDK once sent, sent again.

The SDK takes about 0.8 ms of processor time for one small read, of which signing, parsing and
the network need a third. So the SDK makes the first call of each operation; from what it sent, a
line is made that serialises, signs, sends and parses with the SDK's own parts and leaves out what
is in between. A line that does not give the SDK's very request for the same parameters is not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from botocore.auth import AUTH_TYPE_MAPS
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict, prepare_request_dict
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore.serialize import create_serializer
from botocore.utils import get_environ_proxies

from mlsec.providers.aws.client.response_check import check_body

# The services asked per item. Nothing that the SDK hooks in for them changes a read beyond what is
# done here; for others it does (IAM decodes policies), and they are asked too rarely to matter.
SERVICES = frozenset({"ecr", "kms", "resourcegroupstaggingapi", "s3", "sagemaker"})
_SIGNATURES = ("v4", "s3v4")
# Reported anew with each attempt, and of use to the provider's own statistics only.
_PER_ATTEMPT = ("amz-sdk-invocation-id", "amz-sdk-request")
# Names that are one label of a host, and no alias or special kind with rules of its own.
_PLAIN_BUCKET = re.compile(
    r"^(?!xn--|sthree-)(?!.*--)(?!.*-s3alias$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"
)
# The SDK knows how to find a bucket that moved or lies elsewhere.
_ELSEWHERE = (301, 302, 307, 400)
_ERROR_BODY = re.compile(rb"^\s*+(<\?xml[^>]*\?>\s*+)?<Error[\s>]")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the SDK was about to sign it, and how it was going to."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    context: Mapping[str, Any]
    version: str
    signing_name: str
    region: str


class Request(msgspec.Struct, kw_only=True):
    """What the SDK's signer needs of a request, and changes: it adds headers and a timestamp."""

    method: str
    url: str
    body: bytes
    headers: dict[str, str]
    context: dict[str, Any]
    params: Mapping[str, str] = msgspec.field(default_factory=dict)


class Line:
    """One operation in one place, asked the short way."""

    def __init__(
        self,
        model: Any,
        sent: Sent,
        params: Mapping[str, Any],
        parser: Any,
        credentials: Callable[[], Any],
        transport: URLLib3Session,
    ) -> None:
        self._model, self._sent, self._parser = model, sent, parser
        self._credentials, self._transport = credentials, transport
        self._is_s3 = model.service_model.service_name == "s3"
        protocol = model.service_model.resolved_protocol
        self._serializer = create_serializer(protocol, include_validation=False)
        self._base = self._find_base(params)
        made = self._serializer.serialize_to_request(dict(params), model)["headers"]
        names = {name.lower() for name in made} | set(_PER_ATTEMPT)
        self._added = {k: v for k, v in sent.headers.items() if k.lower() not in names}

    def equals(self, params: Mapping[str, Any], sent: Sent) -> bool:
        """Whether this line gives the very request that the SDK sent for these parameters."""
        request = self._build(params)
        if request is None:
            return False
        ours = {k.lower(): v for k, v in request.headers.items()}
        theirs = {k.lower(): v for k, v in sent.headers.items()}
        for name in _PER_ATTEMPT:
            theirs.pop(name, None)
        return (request.method, request.url, request.body, ours) == (
            sent.method, sent.url, sent.body, theirs,
        )  # fmt: skip

    def ask(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ask; None when the SDK must be asked instead.

        Raises:
            ClientError: the service's refusal, as the SDK would raise it.
            HTTPClientError: the request could not be sent or its answer not be read.
            MalformedAnswerError: the answer is none of this operation.
        """
        request = self._build(params)
        if request is None:
            return None
        sent = self._sent
        signing = sent.context.get("signing") or {}
        sign: Any = AUTH_TYPE_MAPS[sent.version]
        signer = sign(
            self._credentials(),
            signing.get("signing_name") or sent.signing_name,
            signing.get("region") or sent.region,
        )
        signer.add_auth(request)
        headers: Any = HeadersDict(request.headers)
        prepared = AWSPreparedRequest(
            method=request.method,
            url=request.url,
            headers=headers,
            body=request.body or None,
            stream_output=False,
        )
        reply = self._transport.send(prepared)
        if self._is_s3 and reply.status_code in _ELSEWHERE:
            return None
        return self._parse(reply)

    def _parse(self, reply: AWSResponse) -> dict[str, Any]:
        model, status, body = self._model, reply.status_code, reply.content
        if self._is_s3 and status == 200 and _ERROR_BODY.match(body):
            status = 500  # S3 may begin to answer before it fails
        response = {
            "status_code": status,
            "headers": reply.headers,
            "body": body,
            "context": {"operation_name": model.name},
        }
        check_body(operation_model=model, response_dict=response)
        parsed: dict[str, Any] = self._parser.parse(response, model.output_shape)
        if status >= 300:
            raise ClientError(parsed, model.name)  # type: ignore[arg-type]
        return parsed

    def _build(self, params: Mapping[str, Any]) -> Request | None:
        base = self._base
        if "{}" in base:
            bucket = str(params.get("Bucket", ""))
            if not _PLAIN_BUCKET.match(bucket):
                return None
            base = base.replace("{}", bucket)
        parts = self._serializer.serialize_to_request(dict(params), self._model)
        parts.pop("host_prefix", None)
        context = {**self._sent.context}
        prepare_request_dict(parts, endpoint_url=base, context=context)
        return Request(
            method=parts["method"],
            url=parts["url"],
            body=_bytes(parts["body"]),
            headers={**self._added, **{k: _text(v) for k, v in parts["headers"].items()}},
            context=context,
        )

    def _find_base(self, params: Mapping[str, Any]) -> str:
        """Give scheme and host, with ``{}`` where the bucket's name goes."""
        parts = urlsplit(self._sent.url)
        bucket = str(params.get("Bucket", "")) if self._is_s3 else ""
        if bucket and parts.netloc.startswith(f"{bucket}."):
            return f"{parts.scheme}://{{}}{parts.netloc[len(bucket) :]}"
        if bucket:
            return f"{parts.scheme}://{parts.netloc}/{{}}"
        return f"{parts.scheme}://{parts.netloc}"


def sent_by(event: Mapping[str, Any]) -> Sent:
    """Copy what the SDK is about to sign (hook ``before-sign``)."""
    request, context = event["request"], event["request"].context
    return Sent(
        method=request.method,
        url=request.url,
        headers={name: _text(value) for name, value in request.headers.items()},
        body=_bytes(request.data),
        context={k: v for k, v in context.items() if k not in ("retries", "timestamp")},
        version=str(event["signature_version"]),
        signing_name=event["signing_name"],
        region=event["region_name"],
    )


def make_line(
    model: Any,
    sent: Sent,
    params: Mapping[str, Any],
    parser: Any,
    credentials: Callable[[], Any],
    transport: URLLib3Session,
) -> Line | None:
    """Make the line for an operation that the SDK has just asked; None when it has to stay."""
    is_ours = model.service_model.service_name in SERVICES and sent.version in _SIGNATURES
    if not is_ours or model.has_streaming_output or get_environ_proxies(sent.url):
        return None
    line = Line(model, sent, params, parser, credentials, transport)
    return line if line.equals(params, sent) else None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value or b"")
