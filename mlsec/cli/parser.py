"""The argument parser of all commands: no abbreviations, and one sentence for each mistake."""

from __future__ import annotations

import argparse
import copy
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from mlsec import __version__
from mlsec.cli import commands, console, exits
from mlsec.cli.output_options import OUTPUT_OPTIONS, add_output
from mlsec.core.errors import UsageError

_REQUIRED = "the following arguments are required: "
# What stands in round brackets in the short help: "(default high)", and no sentence.
_LONGEST_ASIDE = 37
_NEGATIVE_NUMBER = re.compile(r"-\.?\d")
Subparsers = argparse._SubParsersAction


class _Uncoloured(argparse.HelpFormatter):
    """Checks the help of options without writing it."""

    def _set_color(self, color: bool) -> None:  # noqa: FBT001 - as argparse calls it
        """Load no colours, and with them ast and inspect."""


class _AllHelp(argparse.Action):
    """Prints the whole help, and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print it."""
        console.out(parser.format_help())
        parser.exit()


class CommandParser(argparse.ArgumentParser):
    """A parser that takes options by their full names only and raises MlsecError for a mistake.

    The namespace it gives has one attribute more: ``given``, the long names of the options that
    stood on the command line, whether or not their values are the defaults.
    """

    _is_built = False
    # The options and commands that only --help-all shows.
    _kept_back: frozenset[str] = frozenset()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def _get_formatter(self) -> argparse.HelpFormatter:
        """Give a plain formatter while options are added: colours load ast since Python 3.14."""
        if self._is_built:
            return super()._get_formatter()
        return _Uncoloured(prog=self.prog)

    def format_help(self) -> str:
        """Give the help, from here on as argparse writes it."""
        self._is_built = True
        return super().format_help()

    def keep_back(self, *names: str) -> None:
        """Leave these options and commands to ``--help-all``, which shows every one."""
        self._kept_back = frozenset(names)
        self.add_argument("--help-all", action=_AllHelp, nargs=0, default=argparse.SUPPRESS,
                          help="show what this help leaves out as well, and exit")  # fmt: skip

    def print_help(self, file: Any = None) -> None:
        """Print the help; of a command that keeps something back, in short."""
        if not self._kept_back:
            super().print_help(file)
            return
        self._is_built = True
        formatter = self._get_formatter()
        formatter.add_usage(f"%(prog)s [OPTION ...] {self._takes()}", (), ())
        formatter.add_text(self.description)
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_arguments(filter(None, map(self._in_short, group._group_actions)))
            formatter.end_section()
        formatter.add_text(self.epilog)
        self._print_message(formatter.format_help(), file or sys.stdout)

    def _takes(self) -> str:
        """Name what a command line has besides options."""
        if commands_of(self) is not None:
            return "COMMAND ..."
        return " ".join(f"[{a.metavar} ...]" for a in self._actions if not a.option_strings)

    def _in_short(self, action: argparse.Action) -> argparse.Action | None:
        """Give an option or command as the short help has it; None where it is kept back."""
        if not self._kept_back.isdisjoint(action.option_strings):
            return None
        short = copy.copy(action)
        short.help = _first_words(action.help or "")
        if isinstance(short, Subparsers):
            listed = short._choices_actions
            short._choices_actions = [item for item in listed if item.dest not in self._kept_back]
        return short

    def format_usage(self) -> str:
        """Give the usage, from here on as argparse writes it."""
        self._is_built = True
        return super().format_usage()

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; an unknown option or command is refused before anything that is missing.

        Raises:
            MlsecError: anything that the parser has no place for.
        """
        words = self._joined(list(sys.argv[1:] if args is None else args))
        given = frozenset(map(_long_name, self._given(words)))
        parsed, extra = super().parse_known_args(words, namespace)
        if extra:
            self.error(f'unexpected argument "{extra[0]}"{self._place_for(extra[0])}')
        if commands_of(self) is None:
            parsed.given = given
        return parsed, extra

    def _place_for(self, word: str) -> str:
        """Name the option that would take a word that there is no place for."""
        for action in self._actions:
            if word in (action.choices or ()) and action.option_strings:
                return f'; did you mean "{_long_name(action)} {word}"?'
        several = (str(action.metavar) for action in self._actions if _is_open_ended(action))
        return "".join(
            f"; write every {name} side by side, before or after options" for name in several
        )

    def _joined(self, words: list[str]) -> list[str]:
        """Make one word of a command of two, such as ``report verify``, that is listed as one."""
        below = commands_of(self)
        for index in range(len(words) - 1):
            command = " ".join(words[index : index + 2])
            if below is not None and command in below.choices:
                return [*words[:index], command, *words[index + 2 :]]
            if not words[index].startswith("-"):
                break
        return words

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving; what to do ends the sentence."""
        text = self._plain(message.removeprefix("argument "))
        hint = "" if "; " in text else f"see {self.prog} --help"
        raise UsageError(text, location=self.prog, hint=hint)

    def _plain(self, message: str) -> str:
        """Say argparse's own sentences in ours."""
        name, _, rest = message.partition(": ")
        if message.startswith(_REQUIRED):
            missing = message.removeprefix(_REQUIRED)
            return f"{missing} is missing; {self._shortest()}"
        if rest.startswith("expected "):
            known = {"/".join(action.option_strings): action for action in self._actions}
            value = known[name].metavar if name in known else "a value"
            return f"{name.rpartition('/')[2]} needs a value: {value}"
        return message

    def _shortest(self) -> str:
        """Give the shortest command line that is whole."""
        below = commands_of(self)
        if below is not None:
            return f"one of {', '.join(name for name in below.choices if ' ' not in name)}"
        words = [f"write {self.prog}"]
        for action in self._actions:
            if action.required and action.option_strings:
                words.append(f"{action.option_strings[-1]} {action.metavar}")
            elif action.required:
                words.append(str(action.metavar))
        return " ".join(words)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write the help as any other output: argparse takes a full disk for success."""
        if file is sys.stdout and message:
            console.out(message)
        else:
            super()._print_message(message, file)

    def _given(self, words: Sequence[str]) -> Iterator[argparse.Action]:
        """Give the option behind each word that is one."""
        known = {name: action for action in self._actions for name in action.option_strings}
        below = commands_of(self)
        for word in words:
            if word == "--":
                return
            if word == "" or (word.startswith("--") and word.endswith("=")):
                option = word.removesuffix("=")
                where = f"of {option} " if option else ""
                self.error(f"the value {where}is empty; was a variable meant that is not set?")
            if not word.startswith("-") or word == "-" or _NEGATIVE_NUMBER.match(word):
                if below is not None:
                    self._check_command(word, below)
                    return
                continue
            name = word.partition("=")[0] if word.startswith("--") else word[:2]
            if name not in known or f"-{word.partition('=')[0]}" in known:
                name = word.partition("=")[0]
                self._refuse_option(name, known)
            yield known[name]

    def _refuse_option(self, name: str, known: Mapping[str, argparse.Action]) -> None:
        from mlsec.cli.assess_options import FORMATS
        from mlsec.cli.mistakes import option_meant

        names = {*map(_long_name, known.values())} - {"", "--help"}
        formats = FORMATS if "--format" in known else ()
        below = commands_of(self)
        if below is not None and name in ("-q", "-v", *OUTPUT_OPTIONS):
            suggestion = f"; it goes after the command: {self.prog} COMMAND {name}"
        elif below is not None and name.lstrip("-") in below.choices:
            suggestion = f'; did you mean "{self.prog} {name.lstrip("-")}"?'
        else:
            suggestion = option_meant(name, names, formats)
        self.error(f'unknown option "{name}"{suggestion}')

    def _check_command(self, word: str, below: Subparsers[Any]) -> None:
        if word not in below.choices:
            from mlsec.cli.mistakes import command_meant

            suggestion = command_meant(word, below.choices)
            self.error(f'unknown command "{word}"{suggestion}')

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """Read one value; words of a choice may be written in capitals."""
        value = super()._get_value(action, arg_string)
        lower = value.lower() if isinstance(value, str) else value
        return lower if action.choices is not None and lower in action.choices else value

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            from mlsec.cli.mistakes import value_meant

            suggestion = value_meant(_long_name(action), str(value), known)
            message = f'"{value}" is not one of {", ".join(known)}{suggestion}'
            raise argparse.ArgumentError(action, message)


def build_parser(first: str = "") -> CommandParser:
    """Build the parser of all commands; nothing runs and no SDK is loaded.

    Where ``first`` names a command, only that command is built, which is faster.
    """
    parser = CommandParser(
        prog="mlsec",
        description="Security and compliance scanner for machine-learning deployments.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("-V", "--version", action="version", version=f"mlsec {__version__}",
                        help="print the version and exit")  # fmt: skip
    parser.keep_back("replay")
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, prog=parser.prog
    )
    for register in commands(first):
        register(subparsers)
    for command in walk(parser):
        if commands_of(command) is None:
            add_output(command)
    return parser


def commands_of(parser: argparse.ArgumentParser) -> Subparsers[Any] | None:
    """Give the commands below a parser, None for a command that has none."""
    for action in parser._actions:
        if isinstance(action, Subparsers):
            return action
    return None


def walk(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Give the parser and all parsers of commands below it, in the order of the help."""
    yield parser
    below = commands_of(parser)
    for child in () if below is None else below.choices.values():
        yield from walk(child)


def _first_words(text: str) -> str:
    """Give the help of an option up to a semicolon, without kinds of targets and long brackets."""
    shown = aside = ""
    for char in text:
        if aside:
            aside += char
            if char in ")]":
                shown += aside if aside[0] == "(" and len(aside) <= _LONGEST_ASIDE else ""
                aside = ""
        elif char in "([":
            aside = char
        elif char == ";":
            break
        else:
            shown += char
    return " ".join(shown.split())


def _is_open_ended(action: argparse.Action) -> bool:
    """Whether any number of words without an option belong to an argument."""
    return not action.option_strings and action.nargs in ("*", "+")


def _long_name(action: argparse.Action) -> str:
    return next((name for name in action.option_strings if name.startswith("--")), "")
