"""Checks that botocore leaves out: an answer must be what the service's model says it is."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.call_failure import MalformedAnswerError

_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_HTML = re.compile(rb"^\s*<(!doctype\s+html|html)", re.IGNORECASE)
_XML_PROTOCOLS = ("query", "ec2", "rest-xml")
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
    if response_dict.get("status_code", 500) >= 300 or output is None:
        return
    protocol = operation_model.service_model.resolved_protocol
    payload = output.serialization.get("payload")
    shape = output if payload is None else output.members[payload]
    # A payload that is no structure is the body itself, whatever it holds.
    named = _names_in_body(shape) if shape.type_name == "structure" else set()
    if (named or payload is not None) and not body.strip():
        raise MalformedAnswerError("an answer without its body")
    if protocol in _XML_PROTOCOLS:
        if _HTML.match(body):
            raise MalformedAnswerError("HTML where XML was expected")
    elif protocol in ("json", "rest-json") and named:
        _check_json(named, bytes(body))


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
    """Turn what the SDK still leaves (dates, bytes) into JSON values; the rest is kept as it is."""
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


def _check_json(named: set[str], body: bytes) -> None:
    try:
        keys = _RAW_OBJECT.decode(body)
    except msgspec.DecodeError:
        raise MalformedAnswerError("the body is not a JSON object") from None
    if keys and not named & keys.keys():
        raise MalformedAnswerError("the body has none of the members of this answer")
