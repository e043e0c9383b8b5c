"""HCL to its syntax tree: places, mistakes, and what nests too deep."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.iac.terraform.syntax.json_syntax import parse_json
from mlsec.iac.terraform.syntax.parse import MAX_BYTES, parse, parse_template
from mlsec.iac.terraform.syntax.tree import Broken, Conditional, Literal


def test_attributes_and_blocks_know_their_line_and_column() -> None:
    parsed = parse('resource "a" "b" {\n  name = "x"\n\n  inner {\n    on = true\n  }\n}\n')
    block = parsed.body.blocks[0]
    assert (block.kind, block.labels, block.line, block.column) == ("resource", ("a", "b"), 1, 1)
    name = block.body.attributes["name"]
    assert (name.line, name.column, name.value.line, name.value.column) == (2, 3, 2, 10)
    assert block.body.blocks[0].line == 4


def test_columns_count_characters_and_not_bytes() -> None:
    parsed = parse('a = ["é", b]\n')
    items = parsed.body.attributes["a"].value.items  # type: ignore[attr-defined]
    assert items[1].column == 11


def test_a_chain_of_conditionals_binds_to_the_right() -> None:
    made = parse("a = x ? 1 : y ? 2 : 3\n").body.attributes["a"].value
    assert isinstance(made, Conditional)
    assert made.then == Literal(1, 9, 1)
    assert isinstance(made.otherwise, Conditional)


def test_a_mistake_is_told_with_its_line_and_the_rest_is_read() -> None:
    parsed = parse('good = 1\nbad = = 2\nresource "a" "b" {\n  x = 1\n}\n')
    assert [mistake.line for mistake in parsed.mistakes] == [2]
    assert parsed.body.attributes["good"].value == Literal(1, 8, 1)
    assert [block.kind for block in parsed.body.blocks] == ["resource"]


def test_what_is_never_closed_is_a_mistake_and_not_an_empty_file() -> None:
    assert parse('resource "a" "b" {\n  x = foo(1\n').mistakes


def test_an_attribute_set_twice_is_a_mistake() -> None:
    assert parse("a = 1\na = 2\n").mistakes[0].what == '"a" is set twice'


def test_a_file_over_the_cap_is_not_parsed() -> None:
    found = parse("#" * (MAX_BYTES + 1))
    assert found.mistakes[0].over_limit


def test_a_file_that_the_parser_would_not_end_with_is_left_and_the_next_one_is_read() -> None:
    began_s = time.thread_time()
    parsed = parse("a = b + " * 40_000)
    assert time.thread_time() - began_s < 8
    assert [(m.what, m.over_limit) for m in parsed.mistakes] == [("takes too long to parse", True)]
    assert parse("a = 1\n").body.attributes["a"].value == Literal(1, 5, 1)


@pytest.mark.parametrize(
    "bomb",
    [
        "a = " + "(" * 20_000,
        "a = " + "[" * 20_000,
        "a = " + "!" * 20_000 + "x",
        'a = "' + '${"' * 3_000,
        "x{" * 20_000,
        "a = " + "1+" * 20_000 + "1",
        "a=b" + ".c" * 20_000,
        "a = " + "a?b:" * 5_000 + "c",
        'a = "' + "%{if x}" * 3_000,
        "a = <<E\n" * 1_000,
    ],
)
def test_deep_nesting_ends_in_a_mistake_or_a_broken_expression(bomb: str) -> None:
    parsed = parse(bomb + "\n")
    values = [each.value for each in parsed.body.attributes.values()]
    assert parsed.mistakes or "Broken" in repr(values) or "<<E" in repr(values)


@given(st.text(alphabet='ab="{}[]()$%!?:.,#\n<-~*+ 1\\', max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_tree_or_mistakes(text: str) -> None:
    parsed = parse(text)
    assert parsed.body is not None


def test_a_template_file_keeps_its_text_as_it_is() -> None:
    assert parse_template("no holes\n") == Literal(1, 12, "no holes\n")
    assert parse_template("${") is None


def test_json_syntax_gives_the_same_blocks() -> None:
    parsed = parse_json(
        '{"resource": {"aws_x": {"y": {"name": "a-${var.z}",\n "tags": {"k": "v"}}}},'
        ' "variable": {"z": {"default": 1}}, "locals": [{"a": 1}, {"b": 2}]}'
    )
    kinds = [(block.kind, block.labels) for block in parsed.body.blocks]
    assert kinds == [
        ("resource", ("aws_x", "y")), ("variable", ("z",)), ("locals", ()), ("locals", ()),
    ]  # fmt: skip
    assert parsed.body.blocks[0].body.attributes["tags"].line == 2


def test_json_that_is_none_is_a_mistake() -> None:
    assert parse_json("{nothing").mistakes[0].line == 1


def test_a_broken_hole_in_json_is_broken_and_not_its_text() -> None:
    parsed = parse_json('{"locals": {"a": "${"}}')
    assert isinstance(parsed.body.blocks[0].body.attributes["a"].value, Broken)
