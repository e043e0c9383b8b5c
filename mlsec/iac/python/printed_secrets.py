"""Secrets of the environment that code prints or logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call
from mlsec.collect.secrets.names import Says, name_says
from mlsec.core.regex import regex
from mlsec.iac.python.serving import Exposure

_LEVELS = (".debug", ".info", ".warning", ".warn", ".error", ".critical", ".exception", ".log")
# A variable of the environment, whole: a part of it, as ``KEY[:4]``, shows whose it is.
_VARIABLE = regex(r"‹([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)›(?!\[:\])")


def may_print(text: str) -> bool:
    """Whether a text reads the environment, so that what it prints is worth a look."""
    return "environ" in text or "getenv" in text


def is_print(name: str) -> bool:
    """Whether a call of this name prints or logs its arguments."""
    return name in ("print", "pprint.pprint") or (name.endswith(_LEVELS) and "log" in name.lower())


def fetches_secret(name: str) -> bool:
    """Whether a call of this name asks a vault for a secret, and so is given what it is called."""
    return name.endswith((".get_secret_value", ".get_secret", ".access_secret_version"))


def printed_secrets(calls: Sequence[Call]) -> Iterator[Exposure]:
    """Give the calls that print a credential of the environment whole.

    A variable that a vault is asked for holds the name of a secret, and not the secret.
    """
    given = (node for call in calls if fetches_secret(call.name)
             for node in (*call.args, *call.kwargs.values()))  # fmt: skip
    asked = {name for node in given for name in _variables(node)}
    for call in calls:
        if not is_print(call.name):
            continue
        for argument in call.args:
            names = (name for name in _variables(argument) if name not in asked)
            secret = next((name for name in names if name_says(name) >= Says.TOKEN), "")
            if secret:
                yield Exposure(call=call, kind="secret-in-log", what=secret)
                break


def _variables(node: Node) -> list[str]:
    """Name the variables of the environment that a value holds whole."""
    text = node.value.text if isinstance(node.value, UnknownValue) else ""
    return [match[1] for match in _VARIABLE.finditer(text)]
