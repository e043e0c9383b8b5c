"""Reduce values that may hold secrets to kind, hash, length and last characters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.markup import skeleton
from mlsec.collect.secrets.masking import hash_key, keyed_hash
from mlsec.collect.secrets.plain import is_plain_credential
from mlsec.collect.secrets.screen import Screen
from mlsec.collect.secrets.script_signs import script_signs, script_text
from mlsec.collect.secrets.values import looks_random
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import Truth
from mlsec.core.secret_forms import VAGUE

_SCRIPT_CHARS = 120
_TAILED_CHARS = 24
# At the end of a path: the value is XML of which the tags are kept.
MARKUP = "~markup"
_Leaf = Callable[[Any, str], Any]


class Redactor:
    """Replaces values at an operation's ``redact`` paths before they are stored.

    The hash is keyed with the snapshot's salt: equal secrets are equal inside one snapshot and
    cannot be compared, or guessed from a list, across snapshots.
    """

    def __init__(self, salt: str) -> None:
        self._key = hash_key(salt)
        self.screen = Screen(salt)

    def redact(self, operation: Operation, document: Any) -> Any:
        """Give the document with every value at the operation's paths reduced.

        Secrets anywhere else are masked. The document given is changed as well.
        """
        self.reduce_at(operation, document)
        return self.screen.document(document)

    def reduce_at(self, operation: Operation, document: Any) -> None:
        """Reduce every value at the operation's paths in place, and nothing else."""
        for path in operation.redact:
            is_markup = path.endswith(MARKUP)
            steps = _steps(path.removesuffix(MARKUP))
            self._descend(document, steps, "", leaf=_bare if is_markup else self._whole)

    def reduce(self, text: str, key: str = "") -> dict[str, Any]:
        """Reduce one string; ``key`` is the name it was found under."""
        clear = script_text(text)
        kind = secret_kind(clear, key) or secret_kind(text, key)
        reduced: dict[str, Any] = {
            "~secret": kind or _plain_kind(key, text),
            "~hash": keyed_hash(self._key, text)[:24],
            "~tail": text[-4:] if kind and _may_show_tail(text, kind) else "",
            "~length": len(text),
        }
        if len(clear) > _SCRIPT_CHARS or "\n" in clear or clear != text:
            reduced["~signs"] = script_signs(clear)
            reduced["~tail"] = ""
        return reduced

    def _descend(self, value: Any, steps: tuple[str, ...], key: str, *, leaf: _Leaf) -> None:
        if not steps:
            return
        step, rest = steps[0], steps[1:]
        if step == "[]":
            places: Any = range(len(value)) if isinstance(value, list) else ()
        elif step.startswith("*"):
            kept = step.split("^")[1:]
            places = [name for name in value if name not in kept] if isinstance(value, dict) else ()
        else:
            places = (step,) if isinstance(value, dict) and step in value else ()
        for place in places:
            name = _name_for(value, place, key)
            if rest:
                self._descend(value[place], rest, name, leaf=leaf)
            else:
                value[place] = leaf(value[place], name)

    def _whole(self, value: Any, key: str) -> Any:
        """Reduce a leaf; below a path that ends at a list or mapping every string is reduced."""
        if isinstance(value, str):
            return self.reduce(value, key)
        if isinstance(value, list):
            return [self._whole(item, key) for item in value]
        if isinstance(value, dict) and "~hash" not in value:
            return {name: self._whole(item, str(name)) for name, item in value.items()}
        return value


def _plain_kind(key: str, text: str) -> str | None:
    """Name a credential that is easily guessed: its value is no secret, and it opens something."""
    return "default-password" if is_plain_credential(key, text) is Truth.TRUE else None


def _may_show_tail(text: str, kind: str) -> bool:
    """Whether four characters help nobody to guess the rest: of a long and random token."""
    return len(text) >= _TAILED_CHARS and (kind not in VAGUE or looks_random(text))


def _bare(value: Any, key: str) -> Any:
    """Keep the tags of markup; what is not text goes."""
    del key
    return skeleton(value) if isinstance(value, str) else None


def _name_for(value: Any, place: Any, key: str) -> str:
    """Name a value: its key, or for {Name: X, Value: Y} pairs what stands beside it."""
    if isinstance(place, int):
        return key
    if str(place).lower() in ("value", "content"):
        for beside in ("Name", "name", "Key", "key"):
            if isinstance(value.get(beside), str):
                return str(value[beside])
    return str(place)


def _steps(path: str) -> tuple[str, ...]:
    steps: list[str] = []
    for piece in path.split("."):
        name = piece.replace("[]", "")
        steps += [name] if name else []
        steps += ["[]"] * piece.count("[]")
    return tuple(steps)
