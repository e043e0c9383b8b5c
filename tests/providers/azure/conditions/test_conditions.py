"""Conditions of role assignments mean what Microsoft's documentation of their format says."""

from __future__ import annotations

import pytest

from mlsec.core.enums import Truth
from mlsec.providers.azure.conditions.decide import Request, meets
from mlsec.providers.azure.conditions.operators import compare

READ = "microsoft.storage/storageaccounts/blobservices/containers/blobs/read"
WRITE = "microsoft.storage/storageaccounts/blobservices/containers/blobs/write"
PLACE = (
    "/subscriptions/s1/resourcegroups/g/providers/microsoft.storage/storageaccounts/data"
    "/blobservices/default/containers/models"
)
NAME = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
PATH = f"@Resource[{BLOBS}:path]"
TAG = f"{BLOBS}/tags:Project<$key_case_sensitive$>"


def truth(text: str, action: str = READ, place: str = PLACE) -> Truth:
    return meets(text, Request(action=action, place=place)).truth


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (("abcd",), "stringlike", ("a*c?",), True),
        (("abcd",), "stringlike", ("A*C?",), False),
        (("abcd",), "stringlike", ("a*c",), False),
        (("a*c",), "stringlike", (r"a\*c",), True),
        (("abc",), "stringlike", (r"a\*c",), False),
        (("red", "blue"), "foranyofanyvalues:stringequals", ("blue", "green"), True),
        (("red", "blue"), "foranyofanyvalues:stringequals", ("orange", "green"), False),
        (("red", "blue"), "forallofanyvalues:stringequals", ("orange", "red", "blue"), True),
        (("red", "blue"), "forallofanyvalues:stringequals", ("red", "green"), False),
        (("10", "20"), "foranyofallvalues:numericlessthan", ("15", "18"), True),
        (("10", "20"), "forallofallvalues:numericlessthan", ("5", "15", "18"), False),
        (("10", "20"), "forallofallvalues:numericlessthan", ("25", "30"), True),
        (("10", "20"), "forallofallvalues:numericlessthan", ("15", "25", "30"), False),
        (("AB-1",), "guidequals", ("ab1",), True),
        (("true",), "boolequals", ("TRUE",), True),
        (("a",), "stringnotequals", ("a",), False),
        (("A",), "stringnotequals", ("a",), True),
        (("A",), "stringnotequalsignorecase", ("a",), False),
        (("Abc",), "stringstartswithignorecase", ("aB",), True),
        (("2022-06-01T00:00:00.0Z",), "datetimelessthan", ("2022-06-02T00:00:00.0Z",), True),
        ((), "stringequals", ("a",), False),
        ((), "stringnotequals", ("a",), None),
        (("a",), "ipmatch", ("a",), None),
    ],
)
def test_an_operator_compares_as_documented(
    left: tuple[str, ...], operator: str, right: tuple[str, ...], expected: bool | None
) -> None:
    assert compare(operator, left, right) is expected


@pytest.mark.parametrize(
    ("name", "expected"), [("models", Truth.TRUE), ("Models", Truth.FALSE), ("logs", Truth.FALSE)]
)
def test_a_condition_on_the_container_is_decided_by_its_name(name: str, expected: Truth) -> None:
    text = f"((!(ActionMatches{{'{BLOBS}/read'}})) OR ({NAME} StringEquals '{name}'))"
    assert truth(text) is expected


def test_a_condition_on_another_action_leaves_this_one_allowed() -> None:
    text = f"((!(ActionMatches{{'{BLOBS}/read'}})) OR ({NAME} StringEquals 'logs'))"
    assert truth(text, WRITE) is Truth.TRUE


def test_a_condition_that_names_one_container_does_not_hold_for_whichever_there_is() -> None:
    text = f"{NAME} StringEquals 'models'"
    assert truth(text, place="/subscriptions/s1") is Truth.FALSE
    assert truth(f"{NAME} StringNotEquals 'logs'", place="/subscriptions/s1") is Truth.TRUE


def test_a_caller_chooses_the_path_that_a_condition_asks_for() -> None:
    assert truth(f"{PATH} StringLike 'public/*'") is Truth.TRUE
    assert truth(f"{PATH} StringLike 'public/*' AND {PATH} StringLike 'private/*'") is Truth.FALSE


def test_a_right_to_list_is_no_right_to_read_what_is_in_a_blob() -> None:
    text = (
        f"!(ActionMatches{{'{BLOBS}/read'}} AND NOT SubOperationMatches{{'Blob.List'}})"
        f" OR {NAME} StringEquals 'logs'"
    )
    assert truth(text) is Truth.FALSE


def test_the_tags_of_a_new_blob_are_chosen_and_those_of_one_there_are_not_known() -> None:
    assert truth(f"@Request[{TAG}] StringEquals 'Cascade'", WRITE) is Truth.TRUE
    assert truth(f"@Resource[{TAG}] StringEquals 'Cascade'") is Truth.UNKNOWN


def test_two_keys_of_tags_can_be_set_at_once() -> None:
    key = f"@Request[{BLOBS}/tags&$keys$&] ForAnyOfAnyValues:StringEquals"
    assert truth(f"{key} {{'a'}} AND {key} {{'b'}}", WRITE) is Truth.TRUE


def test_a_request_may_leave_out_what_need_not_be_there() -> None:
    text = f"NOT Exists @Request[{BLOBS}:versionId]"
    assert truth(text) is Truth.TRUE
    assert truth(f"{text} AND Exists @Request[{BLOBS}:versionId]") is Truth.FALSE


@pytest.mark.parametrize(
    "text",
    [
        "@Environment[isPrivateLink] BoolEquals true",
        "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:a_b] StringEquals 'c'",
        f"{NAME} StringEquals 'a' AND {NAME} StringEquals 'b' OR {NAME} StringEquals 'c'",
        f"{NAME} StringEquals",
        f"{NAME} IpMatch '10.0.0.0/8'",
        "(" * 100,
    ],
)
def test_what_is_not_known_or_not_documented_is_unknown_with_its_reason(text: str) -> None:
    answer = meets(text, Request(action=READ, place=PLACE))
    assert answer.truth is Truth.UNKNOWN
    assert all(reason.startswith("?") for reason in answer.because)


def test_what_does_not_matter_is_not_asked() -> None:
    text = f"{NAME} StringEquals 'models' OR @Environment[isPrivateLink] BoolEquals true"
    assert truth(text) is Truth.TRUE
    assert truth(text.replace("models", "logs").replace("OR", "AND")) is Truth.FALSE
