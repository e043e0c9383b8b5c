"""Judges one template: parsed to a tree by jinja2, walked, never rendered or compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.templates.names import MOST_CHARACTERS, SUSPECT_TEXT
from mlsec.artifacts.templates.poison import poison_in
from mlsec.artifacts.templates.walk import TemplateWalk
from mlsec.core.regex import regex

if TYPE_CHECKING:
    from jinja2 import nodes

MOST_NESTED = 200
# Marks the assistant's part for training; it has no effect, and jinja2 alone does not know it.
_GENERATION = regex(r"\{%[-+]?\s*(?:end)?generation\s*[-+]?%\}")
_CHAT = regex(r"\bmessages\b|\bmessage\s*[.\[]|add_generation_prompt|bos_token|eos_token")
# Python reads no longer number by default, where others do; what stands around it counts as well.
MOST_DIGITS, LARGEST = 1000, 1 << 64
_LONG_NUMBER = regex(rf"\d[\d_]{{{MOST_DIGITS},}}")
_OPENING = regex(r"[(\[{]")


def judge_template(
    text: str, record: Recorder, where: str, *, offset: int = -1, is_chat: bool = True
) -> None:
    """Note what a template would run, include, or tell a model unseen.

    Args:
        text: the template.
        record: where to note it.
        where: what the template is called, for people.
        offset: where it lies in the file; -1 where that is not known.
        is_chat: False for a text that may be a page's or a configuration's template, where
            includes are a matter of course.
    """
    if len(text) > MOST_CHARACTERS:
        detail = f"a template of {len(text)} characters is not read"
        record.fact(FactKind.NOT_FULLY_READ, where, detail, offset=offset)
        record.gap(OverLimitError.reason, detail)
        return
    tree = _parsed(text, record, where, offset)
    if tree is None:
        _judge_unparsed(text, record, where, offset)
        return
    TemplateWalk(tree, record, where, offset, is_chat=is_chat or bool(_CHAT.search(text))).read()


def _parsed(text: str, record: Recorder, where: str, offset: int) -> nodes.Template | None:
    """The tree of a template; None where it does not parse, which is noted."""
    from jinja2 import Environment, TemplateSyntaxError  # noqa: PLC0415 - only when there is one
    from jinja2.parser import Parser  # noqa: PLC0415

    if _nesting(text) > MOST_NESTED:
        detail = "brackets lie deeper in one another than any honest template's"
        record.fact(FactKind.BOMB, where, detail, offset=offset)
        return None
    environment = Environment(  # noqa: S701 - nothing is rendered
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"],
    )
    text = _LONG_NUMBER.sub(lambda item: item[0][:MOST_DIGITS], _GENERATION.sub("", text))
    try:
        # Environment.parse would run a line of its own to show where a template is wrong.
        tree = Parser(environment, text).parse()
        _bound_numbers(tree)
    except TemplateSyntaxError as error:
        detail = f"does not parse, so it was searched for names only: {error.message}"
        record.fact(FactKind.TEMPLATE_UNVERIFIED, where, detail, offset=offset)
    except RecursionError:
        detail = "is nested deeper than can be followed"
        record.fact(FactKind.BOMB, where, detail, offset=offset)
    else:
        return tree
    return None


def _bound_numbers(tree: nodes.Template) -> None:
    """Make numbers that are larger than any that matters small enough to be shown."""
    from jinja2 import nodes as kinds  # noqa: PLC0415 - as above

    for constant in tree.find_all(kinds.Const):
        if isinstance(constant.value, int) and constant.value > LARGEST:
            constant.value = LARGEST


def _nesting(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]":
            depth = max(0, depth - 1)
    return deepest


def _judge_unparsed(text: str, record: Recorder, where: str, offset: int) -> None:
    if match := SUSPECT_TEXT.search(text):
        detail = f"leads into Python's own machinery (in {where})"
        record.fact(FactKind.TEMPLATE_CODE, match.group(), detail, offset=offset)
    for words, why in poison_in(text):
        record.fact(FactKind.TEMPLATE_POISON, words, f"{why} (in {where})", offset=offset)


def templates_in(value: Mapping[str, object]) -> list[tuple[str, str]]:
    """The chat templates of a tokenizer's or processor's configuration, with their names.

    ``chat_template`` is a text, a list of {name, template}, or a mapping of names to texts.
    """
    collected: list[tuple[str, str]] = []
    for key, result in value.items():
        if "template" not in key or not isinstance(result, str | list | Mapping):
            continue
        if isinstance(result, str):
            collected.append((key, result))
        elif isinstance(result, Mapping):
            collected.extend(
                (f"{key}.{name}", text) for name, text in result.items() if _is_text(text)
            )
        else:
            for entry in result:
                text = entry.get("template") if isinstance(entry, Mapping) else entry
                name = entry.get("name", "") if isinstance(entry, Mapping) else ""
                if isinstance(text, str):
                    collected.append((f"{key}.{name}", text))
    return collected


def _is_text(value: object) -> bool:
    return isinstance(value, str)
