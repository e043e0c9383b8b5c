"""What the estate answers itself: operations the emulator lacks, and fields that it loses."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import botocore.session
import msgspec
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.estate.answers import error, serialised
from tests.estate.identify import Call, operation_model
from tests.estate.wire import Answer, Request

_LISTINGS = ("List", "Search", "BatchGet", "BatchDescribe")


class Canned(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for the calls whose parameters hold ``match``; ``region`` "" is every region."""

    service: str
    operation: str
    answer: Mapping[str, Any]
    region: str = ""
    match: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """Members (JSON, as on the wire) that the emulator loses from one answer."""

    service: str
    operation: str
    members: Mapping[str, Any]
    match: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Overlay:
    """Finds the estate's own answer to a call; pages listings as the service would."""

    def __init__(
        self, canned: tuple[Canned, ...], patches: tuple[Patch, ...], page_size: int = 0
    ) -> None:
        self._canned: dict[str, list[Canned]] = defaultdict(list)
        for entry in canned:
            self._canned[f"{entry.service}:{entry.operation}"].append(entry)
        self._patches: dict[str, list[Patch]] = defaultdict(list)
        for patch in patches:
            self._patches[f"{patch.service}:{patch.operation}"].append(patch)
        self._page_size = page_size

    def find(self, call: Call) -> Answer | None:
        """Give the estate's answer, or None when it has none for this call."""
        for entry in self._canned.get(call.label, ()):
            if entry.region in ("", call.region) and _holds(call, entry.match):
                paged = page_of(call, dict(entry.answer), self._page_size)
                return serialised(call, paged)
        return None

    def patched(self, call: Call, answer: Answer) -> Answer:
        """Put lost members back into a JSON answer."""
        for patch in self._patches.get(call.label, ()):
            if answer.status == 200 and _holds(call, patch.match):
                merged = {**json.loads(answer.body), **patch.members}
                answer = msgspec.structs.replace(answer, body=json.dumps(merged).encode())
        return answer


def nothing_there(call: Call) -> Answer:
    """Answer for a kind of thing that the estate does not have: an empty listing or "not found"."""
    model = operation_model(call.service, call.operation)
    name = call.operation
    is_listing = (
        name.startswith(_LISTINGS)
        or _pagination(call.service).get(name)
        or _is_only_lists(model.output_shape)
    )
    if is_listing and model.output_shape is not None:
        return serialised(call, _empty(model.output_shape))
    if _breaks_a_pattern(call, model.input_shape):
        return error(call, "ValidationException", "a parameter has not the form it must have")
    codes = [str(shape.error_code) for shape in model.error_shapes]
    missing = [c for c in codes if "NotFound" in c or "NoSuch" in c or "NotExist" in c]
    usual = "ValidationException" if call.service == "sagemaker" else "ResourceNotFoundException"
    code = missing[0] if missing and call.service != "sagemaker" else usual
    text = "the estate has no such thing"
    if name == "GetModelPackageGroupPolicy":
        text = "Cannot find resource policy for: the group"
    return error(call, code, text, 404)


def _breaks_a_pattern(call: Call, shape: Shape | None) -> bool:
    members = shape.members if isinstance(shape, StructureShape) else {}
    for name, value in call.params.items():
        pattern = members[name].metadata.get("pattern") if name in members else None
        if pattern and isinstance(value, str) and not re.fullmatch(pattern, value):
            return True
    return False


def _is_only_lists(shape: Shape | None) -> bool:
    members = shape.members if isinstance(shape, StructureShape) else {}
    kept = [child for name, child in members.items() if "token" not in name.lower()]
    return bool(kept) and all(isinstance(child, ListShape) for child in kept)


def _empty(shape: StructureShape) -> dict[str, Any]:
    required = shape.required_members
    return {
        name: [] if isinstance(child, ListShape) else {} if isinstance(child, MapShape) else 0
        for name, child in shape.members.items()
        if isinstance(child, ListShape) or name in required
    }


def page_of(call: Call, answer: dict[str, Any], page_size: int) -> dict[str, Any]:
    """Cut one page out of a whole listing, by botocore's own description of its paging."""
    rule = _pagination(call.service).get(call.operation)
    if not rule or not isinstance(rule["result_key"], str) or "." in rule["result_key"]:
        return answer
    if not isinstance(rule["input_token"], str) or rule["result_key"] not in answer:
        return answer
    everything = answer[rule["result_key"]]
    asked = int(call.params.get(rule.get("limit_key", ""), 0) or 0)
    size = min(filter(None, (asked, page_size or 100)))
    token = call.params.get(rule["input_token"])
    start = int(base64.b64decode(token)) if token else 0
    answer[rule["result_key"]] = everything[start : start + size]
    if start + size < len(everything):
        if rule.get("more_results"):
            answer[rule["more_results"]] = True
        answer[rule["output_token"]] = base64.b64encode(str(start + size).encode()).decode()
    return answer


@functools.cache
def _pagination(service: str) -> Mapping[str, Any]:
    try:
        model = botocore.session.get_session().get_component("data_loader").load_service_model(
            service, "paginators-1"
        )  # fmt: skip
    except UnknownServiceError:
        return {}
    return dict(model["pagination"])


def without_page_token(call: Call) -> Request:
    """Ask the emulator for the whole listing, of which a page is then cut (JSON protocols)."""
    rule = _pagination(call.service).get(call.operation)
    if not rule or not isinstance(rule["input_token"], str):
        return call.request
    if "x-amz-target" not in call.request.headers:
        return call.request
    body = {key: v for key, v in call.params.items() if key != rule["input_token"]}
    if rule.get("limit_key"):
        body.pop(rule["limit_key"], None)
    return msgspec.structs.replace(call.request, body=json.dumps(body).encode())


def cut_page(call: Call, answer: Answer, page_size: int) -> Answer:
    """Cut the asked page out of the emulator's whole listing."""
    rule = _pagination(call.service).get(call.operation)
    if not rule or answer.status != 200 or "x-amz-target" not in call.request.headers:
        return answer
    paged = page_of(call, json.loads(answer.body), page_size)
    return msgspec.structs.replace(answer, body=json.dumps(paged).encode())


def only_members(value: Any, shape: Shape) -> Any:
    """Keep of a JSON value what a shape has (a description shown as a search record)."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k in shape.members}
        return {k: only_members(v, shape.members[k]) for k, v in kept.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [only_members(item, shape.member) for item in value]
    return value


def _holds(call: Call, match: Mapping[str, Any]) -> bool:
    return all(call.params.get(key) == value for key, value in match.items())
