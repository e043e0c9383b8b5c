"""The command-line reference, made from the argument parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from docs.site.markup import code, fence, table, text

_WIDTH = "100"


def cli_page(parser: argparse.ArgumentParser) -> str:
    """Give every command with its usage, arguments and options."""
    lines = ["# Command line", "", text(parser.description or ""), ""]
    lines += _rows_of(parser)
    for command, below in _commands(parser):
        lines += _command(command, below, 2)
    return "\n".join(lines) + "\n"


def _command(command: str, parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    yield from (f"{'#' * level} {code(command)}", "")
    about = parser.description or _about(command, parser)
    if about:
        yield from (f"{text(_sentence(about))}", "")
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    yield from (fence(usage.replace(" mlsec ", "\nmlsec "), "text"), "")
    yield from _rows_of(parser)
    if parser.epilog:
        yield from (text(parser.epilog), "")
    for name, below in _commands(parser):
        yield from _command(name, below, level + 1)


def _sentence(words: str) -> str:
    whole = words[:1].upper() + words[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."


_HELP: dict[int, str] = {}


def _about(command: str, parser: argparse.ArgumentParser) -> str:
    return _HELP.get(id(parser), "") if command else ""


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, below in action.choices.items():
                _HELP[id(below)] = helps.get(name, "")
                yield f"{parser.prog} {name}", below


def _rows_of(parser: argparse.ArgumentParser) -> list[str]:
    lines: list[str] = []
    for group in parser._action_groups:
        shown = [action for action in group._group_actions if _is_shown(action)]
        rows = [(_invocation(action), _help(action)) for action in shown]
        title = (group.title or "").capitalize()
        if rows:
            lines += [f"**{text(title)}**", "", *table(("Option", "Meaning"), rows)]
    return lines


def _is_shown(action: argparse.Action) -> bool:
    hidden = action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction)
    return not hidden and not isinstance(action, argparse._SubParsersAction)


def _invocation(action: argparse.Action) -> str:
    value = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
    if isinstance(value, tuple):
        value = " ".join(value)
    if not action.option_strings:
        return code(action.metavar if isinstance(action.metavar, str) else action.dest)
    names = ", ".join(code(name) for name in action.option_strings)
    return f"{names} {code(value)}" if value else names


def _help(action: argparse.Action) -> str:
    words = (action.help or "") % {
        "default": action.default,
        "prog": "mlsec",
        "choices": ", ".join(map(str, action.choices or ())),
    }
    allowed = [str(choice) for choice in action.choices or ()]
    cell = text(_sentence(words)) if words else ""
    if allowed:
        cell += f" One of {', '.join(code(choice) for choice in allowed)}."
    return cell.strip()
