"""Build answers as a service would: checked against botocore's output shape, then serialised."""

from __future__ import annotations

import datetime
import json
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from tests.estate.identify import Call, operation_model
from tests.estate.wire import Answer

_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (datetime.datetime,),
    "blob": (bytes,),
}


class NotTheShapeError(Exception):
    """An estate answer that the real service could not have given."""


def check_shape(value: Any, shape: Shape, where: str) -> None:
    """Refuse unknown members, wrong types, values outside an enum, and missing required members.

    Raises:
        NotTheShapeError: with the path of the first difference.
    """
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return
        _expect(isinstance(value, dict), where, f"a structure {shape.name}")
        unknown = sorted(set(value) - set(shape.members))
        _expect(not unknown, where, f"only members of {shape.name}, not {unknown}")
        missing = sorted(set(shape.required_members) - set(value))
        _expect(not missing, where, f"the required members {missing} of {shape.name}")
        for key, child in value.items():
            check_shape(child, shape.members[key], f"{where}.{key}")
    elif isinstance(shape, ListShape):
        _expect(isinstance(value, list), where, "a list")
        for index, child in enumerate(value):
            check_shape(child, shape.member, f"{where}[{index}]")
    elif isinstance(shape, MapShape):
        _expect(isinstance(value, dict), where, "a map")
        for key, child in value.items():
            check_shape(child, shape.value, f"{where}.{key}")
    else:
        types = _SCALARS[shape.type_name]
        is_right = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        _expect(is_right, where, f"{shape.type_name}, not {value!r}")
        allowed = shape.metadata.get("enum")
        _expect(not allowed or value in allowed, where, f"one of {allowed}, not {value!r}")


def _expect(is_right: bool, where: str, what: str) -> None:
    if not is_right:
        raise NotTheShapeError(f"{where}: expected {what}")


def serialised(call: Call, result: dict[str, Any]) -> Answer:
    """Serialise a checked answer in the service's protocol."""
    service, operation = call.service, call.operation
    model = operation_model(service, operation)
    if model.output_shape is not None:
        check_shape(result, model.output_shape, f"{service}:{operation}")
    elif result:
        raise NotTheShapeError(f"{service}:{operation}: has no output")
    serializer = get_serializer_class(service, call.protocol)(
        operation_model=get_service_model(service).operation_model(operation)
    )
    made = serializer.serialize(result)
    body = made["body"]
    return Answer(
        status=made["status_code"],
        headers=tuple((str(k), str(v)) for k, v in made["headers"].items()),
        body=body.encode("utf-8") if isinstance(body, str) else body,
    )


def error(call: Call, code: str, message: str, status: int = 400) -> Answer:
    """Give an error in the service's protocol."""
    kind = call.protocol
    if kind in ("json", "rest-json"):
        text = json.dumps({"__type": code, "message": message})
        headers = (("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code))
        return Answer(status=status, headers=headers, body=text.encode())
    if kind == "smithy-rpc-v2-cbor":
        body = _cbor_map({"__type": code, "message": message})
        headers = (("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
        return Answer(status=status, headers=headers, body=body)
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    if kind == "ec2":
        text = (
            f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>0</RequestID></Response>"
        )
    elif call.service == "s3":
        text = f"<Error>{inner}<RequestId>0</RequestId></Error>"
    else:
        text = f"<ErrorResponse><Error>{inner}</Error><RequestId>0</RequestId></ErrorResponse>"
    return Answer(status=status, headers=(("content-type", "text/xml"),), body=text.encode())


def _cbor_map(pairs: dict[str, str]) -> bytes:
    return bytes([0xA0 | len(pairs)]) + b"".join(_cbor_text(t) for kv in pairs.items() for t in kv)


def _cbor_text(text: str) -> bytes:
    raw = text.encode()
    return b"\x79" + len(raw).to_bytes(2, "big") + raw
