"""Turns what mlsec.yaml and MLSEC_* variables hold into values of options, as argparse would."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from mlsec.cli.target import is_remote
from mlsec.cli.values import history_place
from mlsec.core.errors import MlsecError
from mlsec.history.place import is_database

TARGETS = "targets"
_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")


def name_of(action: argparse.Action) -> str:
    """Give the key of an option: its long name without dashes, or the name of the argument."""
    long = next((name for name in action.option_strings if name.startswith("--")), "")
    return long.removeprefix("--") or action.dest


def is_list(action: argparse.Action) -> bool:
    """Whether an option takes several values."""
    return isinstance(action, argparse._AppendAction) or action.nargs in ("*", "+")


def default_of(action: argparse.Action) -> Any:
    """Give the value of an option that is not given."""
    return [] if is_list(action) and action.default is None else action.default


def is_switch(action: argparse.Action) -> bool:
    """Whether an option is on or off."""
    return isinstance(action, argparse._StoreTrueAction)


def is_joined(action: argparse.Action) -> bool:
    """Whether the value of an option is a list in one word, separated by commas."""
    return str(action.metavar).endswith(",...")


class Reader:
    """Reads values for one command; paths are relative to ``folder``."""

    def __init__(self, parser: argparse.ArgumentParser, folder: str) -> None:
        self._parser, self._folder = parser, folder

    def from_yaml(self, action: argparse.Action, written: Any) -> Any:
        """Read a value of a YAML document.

        Raises:
            MlsecError: it is of another type, or the option does not take it; without a location.
        """
        if written is None:
            raise MlsecError("the value is missing", hint="leave the key out, or give it a value")
        if is_switch(action):
            return _expect(written, bool, "true or false")
        if action.nargs == "?" and isinstance(written, bool):
            return action.const if written else action.default
        if is_list(action):
            items = written if isinstance(written, list) else [written]
            return [self._item(action, item) for item in items]
        if is_joined(action) and isinstance(written, list):
            written = ",".join(_expect(item, str, "text") for item in written)
        return self._item(action, written)

    def from_variable(self, action: argparse.Action, text: str) -> Any:
        """Read the value of an environment variable; a list has one entry a line.

        Raises:
            MlsecError: the option does not take it; without a location.
        """
        if is_switch(action) or (action.nargs == "?" and text.lower() in (*_YES, *_NO)):
            word = text.strip().lower()
            if word not in (*_YES, *_NO):
                raise MlsecError(f'"{text}" is neither true nor false')
            return self.from_yaml(action, word in _YES)
        if is_list(action):
            return [self._item(action, line) for line in text.splitlines() if line.strip()]
        return self._item(action, text)

    def _item(self, action: argparse.Action, item: Any) -> Any:
        if action.type in (None, Path, history_place) or action.choices:
            text = _expect(item, str, "text")
        elif isinstance(item, bool) or not isinstance(item, int | float | str):
            raise MlsecError(f"{_kind(item)} where a number or text was expected")
        else:
            text = str(item)
        if not text:
            raise MlsecError("the value is empty", hint="leave the key out, or give it a value")
        if _is_path(action, text):
            text = str(os.path.join(self._folder, os.path.expanduser(text)))  # noqa: PTH111, PTH118 - keeps ./
        return self._converted(action, text)

    def _converted(self, action: argparse.Action, text: str) -> Any:
        try:
            value = self._parser._get_value(action, text)
            self._parser._check_value(action, value)
        except argparse.ArgumentError as error:
            raise MlsecError(error.message) from None
        return value


def _is_path(action: argparse.Action, text: str) -> bool:
    if action.type is history_place:
        return not is_database(text)
    return action.type is Path or (action.dest == TARGETS and not is_remote(text))


def _expect(value: Any, kind: type, what: str) -> Any:
    if isinstance(value, kind):
        return value
    quotes = "put it in quotes" if kind is str and isinstance(value, int | float) else ""
    raise MlsecError(f"{_kind(value)} where {what} was expected", hint=quotes)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return f'"{value}"'
