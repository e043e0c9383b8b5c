"""Answers written as a service sends them: JSON and XML by botocore's models, and errors."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import msgspec

_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_HEADER_PLACES = ("header", "headers", "statusCode")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer."""

    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""


def reply_of(model: Any, document: Mapping[str, Any]) -> Reply:
    """Write a parsed answer back in the protocol that its service speaks."""
    shape = model.output_shape
    protocol = model.service_model.resolved_protocol
    if shape is None:
        return Reply()
    headers = dict(_headers(shape, document))
    inside = {
        name: value
        for name, value in document.items()
        if name not in shape.members
        or shape.members[name].serialization.get("location") not in _HEADER_PLACES
    }
    if protocol in ("json", "rest-json"):
        return Reply(headers=headers, body=_json_body(shape, inside))
    body = _xml_body(model, protocol, inside)
    return Reply(kind="text/xml", headers=headers, body=body)


def refusal_of(model: Any, code: str, message: str, status: int) -> Reply:
    """Write an error in the protocol that the service speaks."""
    protocol = model.service_model.resolved_protocol
    if protocol in ("json", "rest-json"):
        text = json.dumps({"__type": code, "message": message})
        return Reply(status=status, headers={"x-amzn-errortype": code}, body=text.encode())
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors></Response>"
    elif model.service_model.service_name == "s3":
        text = f"<Error>{inner}</Error>"
    else:
        text = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
    return Reply(status=status, kind="text/xml", body=text.encode())


def _headers(shape: Any, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        member = shape.members.get(name)
        if member is None or member.serialization.get("location") != "header":
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if member.type_name == "timestamp":
            text = format_datetime(datetime.datetime.fromisoformat(text), usegmt=True)
        yield member.serialization.get("name", name), text


def _json_body(shape: Any, document: Mapping[str, Any]) -> bytes:
    payload = shape.serialization.get("payload")
    if payload is None:
        return json.dumps(_json(document, shape)).encode()
    member, value = shape.members[payload], document.get(payload)
    if member.type_name in ("string", "blob"):
        return str(value or "").encode()
    return json.dumps(_json(value or {}, member)).encode()


def _json(value: Any, shape: Any) -> Any:
    """Give a value its names on the wire; what was reduced before it was stored stays reduced."""
    if isinstance(value, dict) and "~hash" in value:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        if getattr(shape, "is_document_type", False):
            return value
        return {
            _wire_name(shape, name): _json(item, shape.members[name])
            if name in shape.members
            else item
            for name, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_json(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _json(item, shape.value) for name, item in value.items()}
    is_moment = shape.type_name == "timestamp" and isinstance(value, str)
    if is_moment and shape.serialization.get("timestampFormat") in (None, "unixTimestamp"):
        return datetime.datetime.fromisoformat(value).timestamp()
    return value


def _wire_name(shape: Any, name: str) -> str:
    member = shape.members.get(name)
    return str(member.serialization.get("name", name)) if member is not None else name


def _xml_body(model: Any, protocol: str, document: Mapping[str, Any]) -> bytes:
    shape, name = model.output_shape, model.name
    payload = shape.serialization.get("payload")
    if payload is not None:
        member, value = shape.members[payload], document.get(payload)
        if member.type_name != "structure":
            return str(value or "").encode()
        tag = member.serialization.get("name", payload)
        return _element(tag, value or {}, member).encode()
    inner = "".join(_members(document, shape))
    if protocol == "rest-xml":
        root = shape.serialization.get("name", f"{name}Result")
        return f"<{root}>{inner}</{root}>".encode()
    wrapper = shape.serialization.get("resultWrapper")
    if wrapper:
        inner = f"<{wrapper}>{inner}</{wrapper}>"
    if protocol == "query":
        inner += "<ResponseMetadata><RequestId>replay</RequestId></ResponseMetadata>"
    else:
        inner += "<requestId>replay</requestId>"
    return f"<{name}Response>{inner}</{name}Response>".encode()


def _members(value: Mapping[str, Any], shape: Any) -> Iterator[str]:
    for name, item in value.items():
        member = shape.members.get(name)
        if member is None or member.serialization.get("xmlAttribute"):
            continue
        yield _element(str(member.serialization.get("name", name)), item, member)


def _element(tag: str, value: Any, shape: Any) -> str:
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            inner = "".join(_members(value, shape))
            return f"<{tag}{''.join(_attributes(value, shape))}>{inner}</{tag}>"
        case "list" if isinstance(value, list):
            return _list(tag, value, shape)
        case "map" if isinstance(value, dict):
            return _map(tag, value, shape)
        case _:
            return f"<{tag}>{escape(_text(value))}</{tag}>"


def _list(tag: str, value: list[Any], shape: Any) -> str:
    own = shape.member.serialization.get("name")
    if shape.serialization.get("flattened"):
        return "".join(_element(own or tag, item, shape.member) for item in value)
    inner = "".join(_element(own or "member", item, shape.member) for item in value)
    return f"<{tag}>{inner}</{tag}>"


def _map(tag: str, value: Mapping[str, Any], shape: Any) -> str:
    key_tag = shape.key.serialization.get("name", "key")
    value_tag = shape.value.serialization.get("name", "value")
    pairs = [
        f"{_element(key_tag, name, shape.key)}{_element(value_tag, item, shape.value)}"
        for name, item in value.items()
    ]
    if shape.serialization.get("flattened"):
        return "".join(f"<{tag}>{pair}</{tag}>" for pair in pairs)
    inner = "".join(f"<entry>{pair}</entry>" for pair in pairs)
    return f"<{tag}>{inner}</{tag}>"


def _attributes(value: Mapping[str, Any], shape: Any) -> Iterator[str]:
    for name, item in value.items():
        member = shape.members.get(name)
        if member is not None and member.serialization.get("xmlAttribute"):
            yield f" {_XSI} {member.serialization['name']}={quoteattr(str(item))}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict) and "~hash" in value:
        # XML has no place for what a secret was reduced to; equal ones stay equal.
        return f"reduced-{value['~hash']}"
    if isinstance(value, dict | list):
        # IAM sends policies as encoded JSON, and the SDK decodes them.
        return quote(json.dumps(value))
    return str(value)
