"""Functions that encode, decode and hash."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import json
import urllib.parse

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import UnknownValue, plain
from mlsec.core.errors import LimitError, MlsecError
from mlsec.iac.terraform.functions.spec import Function, room, text
from mlsec.iac.terraform.functions.yaml_text import documents_of
from mlsec.iac.terraform.values import (
    Encoded,
    InvalidValue,
    Space,
    Value,
    is_plain,
    is_symbolic,
    number_text,
    walk,
)

_AT_APPLY = "is only known at the apply"


def _jsonencode(value: Value) -> Value:
    if any(isinstance(item, Space) for item in walk(value)):
        return UnknownValue("the JSON text of a resource")
    return as_json(value) if is_plain(value) else Encoded(value)


def as_json(value: Value) -> str:
    """Write JSON as Terraform does, so that a hash of it is the same."""
    text = json.dumps(_plain_numbers(value), separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _plain_numbers(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _plain_numbers(entry) for key, entry in sorted(value.items())}
    if isinstance(value, list):
        return [_plain_numbers(item) for item in value]
    if isinstance(value, float):
        return json.loads(number_text(value))
    return value


def _jsondecode(value: Value) -> Value:
    if isinstance(value, Encoded):
        return value.value
    try:
        return plain(marked_json.parse(text(value)))
    except LimitError as error:
        raise OverLimitError(error.message) from None
    except MlsecError as error:
        return InvalidValue(str(error.message))


def _yamldecode(value: Value) -> Value:
    documents = documents_of(value if is_symbolic(value) else text(value))
    if isinstance(documents, UnknownValue):
        return documents
    if len(documents) > 1:
        return InvalidValue("more than one YAML document")
    return documents[0] if documents else None


def _yamlencode(value: Value) -> Value:
    # JSON is YAML; where the text is read again it is the value that matters.
    return _jsonencode(value)


def _base64decode(value: Value) -> Value:
    try:
        return base64.b64decode(text(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        return InvalidValue(f"not base64 of text: {error}")


def _base64encode(value: Value) -> Value:
    return base64.b64encode(text(value).encode()).decode()


def _csvdecode(value: Value) -> Value:
    rows = [row for row in csv.reader(io.StringIO(text(value))) if row]
    names = rows[0] if rows else []
    room(elements=len(names) * len(rows) // 10)
    for row in rows[1:]:
        if len(row) != len(names):
            raise ValueError("a row with more or fewer fields than there are names")
    return [dict(zip(names, row, strict=True)) for row in rows[1:]]


def _parse_steps(value: Value) -> int:
    return len(value) // 4 if isinstance(value, str) else 0


def _hash(name: str, value: Value, *, is_hex: bool = True) -> Value:
    made = hashlib.new(name, text(value).encode(), usedforsecurity=False)
    return made.hexdigest() if is_hex else base64.b64encode(made.digest()).decode()


def _not_here(name: str, why: str = "is not worked out") -> Function:
    return Function(lambda *_: UnknownValue(f"{name}() {why}"), symbols=True)


ENCODING: dict[str, Function] = {
    "base64decode": Function(_base64decode),
    "base64encode": Function(_base64encode),
    "base64gzip": _not_here("base64gzip"),
    "base64sha256": Function(lambda v: _hash("sha256", v, is_hex=False)),
    "base64sha512": Function(lambda v: _hash("sha512", v, is_hex=False)),
    "bcrypt": _not_here("bcrypt"),
    "csvdecode": Function(_csvdecode, steps=_parse_steps),
    "formatdate": _not_here("formatdate"),
    "jsondecode": Function(_jsondecode, symbols=True, steps=_parse_steps),
    "jsonencode": Function(_jsonencode, symbols=True),
    "md5": Function(lambda v: _hash("md5", v)),
    "plantimestamp": _not_here("plantimestamp", _AT_APPLY),
    "sha1": Function(lambda v: _hash("sha1", v)),
    "sha256": Function(lambda v: _hash("sha256", v)),
    "sha512": Function(lambda v: _hash("sha512", v)),
    "timeadd": _not_here("timeadd"),
    "timestamp": _not_here("timestamp", _AT_APPLY),
    "urlencode": Function(lambda v: urllib.parse.quote(text(v), safe="-_.~"), steps=_parse_steps),
    "uuid": _not_here("uuid", _AT_APPLY),
    "uuidv5": _not_here("uuidv5"),
    "yamldecode": Function(_yamldecode, symbols=True, steps=_parse_steps),
    "yamlencode": Function(_yamlencode, symbols=True),
}
