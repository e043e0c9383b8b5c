"""Checks that botocore leaves out: an answer must be what the service's model says it is."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

from mlsec.collect.client.answer import check_values, check_xml, decode_json
from mlsec.collect.walk.call_failure import MalformedAnswerError

# Declaration and comments, then the first element's name without its prefix.
_ROOT = re.compile(
    rb"\s*(?:<\?[^>]*\?>\s*|<!--(?:(?!-->).){0,2000}-->\s*){0,9}<(?:[\w.-]+:)?([\w.-]+)", re.S
)
_HTML = re.compile(rb"^\s*<(!doctype\s+html|html)", re.IGNORECASE)
_XML_PROTOCOLS = ("query", "ec2", "rest-xml")
_JSON_PROTOCOLS = ("json", "rest-json")
# API Gateway leaves empty lists out of its answers.
_OMITS_EMPTY = frozenset({"apigateway", "apigatewayv2"})


def check_body(**seen: Any) -> None:
    """Refuse an answer that was cut short, or whose body is not of the model's kind.

    The hook ``before-parse``. botocore does not compare a body with the length that was announced,
    and takes one that is not JSON for an empty answer: every missing key would look like a default.
    An answer that ended within its header has no body at all, and reads as an empty one as well.

    Raises:
        MalformedAnswerError: shorter than announced, none where the model has one, not JSON, or
            JSON or XML of something else.
    """
    operation_model, response_dict = seen["operation_model"], seen["response_dict"]
    body = response_dict.get("body")
    output = operation_model.output_shape
    if not isinstance(body, (bytes, bytearray)):
        return
    if operation_model.http.get("method") != "HEAD":
        _check_length(response_dict.get("headers", {}), len(body))
    protocol = operation_model.service_model.resolved_protocol
    if response_dict.get("status_code", 500) >= 300 or output is None:
        _check_cost(protocol, bytes(body))  # refusals are parsed as well
        return
    payload = output.serialization.get("payload")
    shape = output if payload is None else output.members[payload]
    # A payload that is no structure is the body itself, whatever it holds.
    named = _names_in_body(shape) if shape.type_name == "structure" else set()
    if (named or payload is not None) and not body.strip():
        raise MalformedAnswerError("an answer without its body")
    if protocol in _XML_PROTOCOLS:
        if _HTML.match(body):
            raise MalformedAnswerError("HTML where XML was expected")
        _check_cost(protocol, bytes(body))
        _check_root(operation_model.name, protocol, named, bytes(body))
    elif protocol in _JSON_PROTOCOLS and named:
        _check_json(named, bytes(body))
    else:
        _check_cost(protocol, bytes(body))


def check_required(output: Any, document: Mapping[str, Any]) -> None:
    """Refuse an answer that has none of the members which the model says are always there.

    Raises:
        MalformedAnswerError: all required members are missing.
    """
    required = output.required_members if output is not None else ()
    if required and not any(name in document for name in required):
        raise MalformedAnswerError("none of the required members was answered")


def fills_empty(service_model: Any) -> bool:
    """Whether a missing list means an empty one: XML has no empty list, and a few services none."""
    return (
        service_model.resolved_protocol in _XML_PROTOCOLS
        or service_model.service_name in _OMITS_EMPTY
    )


def iso_utc(value: Any) -> str:
    """Parse any timestamp of a service into ISO 8601 UTC with Z, whatever the local zone is."""
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - loads the SDK

    moment = parse_timestamp(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Turn what the SDK still leaves (dates, bytes) into JSON values; the rest is kept as it is.

    Raises:
        MalformedAnswerError: not a number: JSON has no form for it.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise MalformedAnswerError("a number out of range")
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return iso_utc(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _check_length(headers: Mapping[str, str], size_bytes: int) -> None:
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) != size_bytes:
        raise MalformedAnswerError("the answer was cut short")


def _names_in_body(shape: Any) -> set[str]:
    return {
        member.serialization.get("name", name)
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }


def _check_cost(protocol: str, body: bytes) -> None:
    if protocol in _XML_PROTOCOLS:
        check_xml(body)
    elif protocol in _JSON_PROTOCOLS:
        check_values(body, b",[{")
    else:
        check_values(body, bytes(range(256)))  # a byte may be a value


def _check_root(operation: str, protocol: str, named: set[str], body: bytes) -> None:
    """Refuse XML of something else, which would read as an answer where nothing is set."""
    if protocol != "rest-xml":
        root = _ROOT.match(body)
        if root is None or root[1].decode() != f"{operation}Response":
            raise MalformedAnswerError("XML of another answer")
        return
    # S3 names its documents as it likes; those without any element in them are its empty answers.
    is_empty = body.count(b"</") <= 1
    if named and not is_empty and not any(b"<" + name.encode() in body for name in named):
        raise MalformedAnswerError("the body has none of the members of this answer")


def _check_json(named: set[str], body: bytes) -> None:
    document = decode_json(body)
    if not isinstance(document, dict):
        raise MalformedAnswerError("the body is not a JSON object")
    if document and not named & document.keys():
        raise MalformedAnswerError("the body has none of the members of this answer")
