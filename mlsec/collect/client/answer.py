"""Bodies of answers, checked before and after they are parsed: size, values, depth, soundness."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mlsec.collect.client.meter import current_meter, over_limit
from mlsec.collect.walk.call_failure import MalformedAnswerError

_ENCODING = re.compile(rb"""^\s*+<\?xml[^>]*\sencoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)


def decode_json(body: bytes) -> Any:
    """Parse JSON.

    Raises:
        MalformedAnswerError: not JSON in UTF-8, or a number that nothing can hold.
        OverBudgetError: more values than the meter allows, nested deeper, or a longer text.
    """
    check_values(body, b",[{")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedAnswerError("the body is not JSON") from error
    except RecursionError:
        raise too_deep() from None
    _check_shape(document, may_have_long=len(body) > current_meter().limits.text_chars)
    return document


def check_xml(body: bytes) -> None:
    """Refuse XML that becomes larger than it is: no API of ours declares entities.

    Raises:
        MalformedAnswerError: a document type, or another encoding, which could hide one.
        OverBudgetError: more elements than the meter allows.
    """
    if b"<!DOCTYPE" in body or b"\0" in body or _ENCODING.match(body):
        raise MalformedAnswerError("XML with a document type or an encoding of its own")
    check_values(body, b"<")


def check_values(body: bytes, marks: bytes) -> None:
    """Refuse a body that would parse into too many values; ``marks`` begin or part them."""
    count = len(body) if len(marks) == 256 else sum(body.count(mark) for mark in marks)
    current_meter().take_values(count)


def too_deep() -> Exception:
    """Give the error of a document that is nested too deep, and end its meter."""
    meter = current_meter()
    return meter.refuse(
        over_limit("TooDeep", f"the answer is nested deeper than {meter.limits.depth} levels")
    )


def _check_shape(document: Any, *, may_have_long: bool) -> None:
    limits = current_meter().limits
    level, depth = [document] if type(document) in (dict, list) else [], 0
    while level:
        depth += 1
        if depth > limits.depth:
            raise too_deep()
        inner = [v for outer in level for v in (outer.values() if type(outer) is dict else outer)]
        if may_have_long and any(type(v) is str and len(v) > limits.text_chars for v in inner):
            detail = f"a text is longer than {limits.text_chars} characters"
            raise current_meter().refuse(over_limit("TooLong", detail))
        level = [value for value in inner if type(value) is dict or type(value) is list]
