"""The settings a server is started with: command line over environment over file over default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.versions import is_within, read_range, version_key

_TRUE = ("1", "true", "yes", "on", "t", "y")
_FALSE = ("0", "false", "no", "off", "f", "n", "")


class SettingValue(msgspec.Struct, frozen=True, kw_only=True):
    """A setting: its value and where it stands, or ``why`` it is not known.

    ``place`` is None for a default. ``file`` is the file of the place, "" for the launch's own.
    ``is_given``: it has some value, although which one is not known.
    """

    value: Any = None
    place: Node | None = None
    file: str = ""
    why: str = ""
    is_given: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the value is known."""
        return not self.why

    @property
    def is_set(self) -> bool:
        """Whether it is set somewhere, known or not."""
        return self.place is not None

    def mapped(self, change: Callable[[Any], Any]) -> SettingValue:
        """Give the answer with another value at the same place; what is not known stays so."""
        return self if self.why else msgspec.structs.replace(self, value=change(self.value))


def known(value: Any = None, like: SettingValue | None = None) -> SettingValue:
    """Give a known value, at the place of another answer where it follows from that."""
    return SettingValue(
        value=value, place=like.place if like else None, file=like.file if like else ""
    )


def yes(like: SettingValue | None = None) -> SettingValue:
    """Give yes, at the place of another answer."""
    return known(value=True, like=like)


def no(like: SettingValue | None = None) -> SettingValue:
    """Give no, at the place of another answer."""
    return known(value=False, like=like)


def unknown(why: str, like: SettingValue | None = None) -> SettingValue:
    """Give an answer that cannot be given."""
    return SettingValue(why=why, place=like.place if like else None, file=like.file if like else "")


YES, NO = yes(), no()


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration file of a server: its place in the repository and its parsed content."""

    id: str
    shown: str
    root: Node


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides how one server runs.

    ``words`` is its command line; ``open_words``, ``open_env`` and ``open_files`` say why there may
    be more of each than was seen, "" when there is not. ``version`` is "" when it is not known.
    """

    launch: Launch
    words: tuple[Node, ...] = ()
    env: Mapping[str, Node] = msgspec.field(default_factory=dict)
    files: tuple[ConfigFile, ...] = ()
    open_words: str = ""
    open_env: str = ""
    open_files: str = ""
    version: str = ""

    def find(
        self,
        *flags: str,
        env: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
        default: Any = None,
        is_blank_unset: bool = False,
    ) -> SettingValue:
        """Give the value of a setting by all the names it has.

        ``default`` is what holds when it is set nowhere: a value or an ``SettingValue``.
        ``is_blank_unset``: a variable with nothing in it counts as none, as click has it.
        """
        variable = self.variable(*env)
        if is_blank_unset and variable is not None and variable.is_known and not variable.value:
            variable = None
        for item in (self.flag(*flags), variable, self.key(*keys)):
            if item is not None:
                return item
        hidden = self.hidden(has_flags=bool(flags), has_env=bool(env), has_keys=bool(keys))
        if hidden:
            return unknown(hidden)
        return default if isinstance(default, SettingValue) else known(default)

    def switch(
        self,
        *flags: str,
        env: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
        off: tuple[str, ...] = (),
        default: Any = False,
    ) -> SettingValue:
        """Give a setting that is on or off; ``off`` are flags that turn it off."""
        negative = self.flag(*off)
        if negative is not None and negative.is_known and negative.value != "false":
            return no(negative)
        return truth(self.find(*flags, env=env, keys=keys, default=default))

    def hidden(self, *, has_flags: bool = True, has_env: bool = True, has_keys: bool = True) -> str:
        """Say why a setting that was not seen may be set all the same; "" when it cannot be."""
        reasons = (
            (has_flags, self.open_words), (has_env, self.open_env), (has_keys, self.open_files)
        )  # fmt: skip
        return next((why for asked, why in reasons if asked and why), "")

    def flag(self, *names: str) -> SettingValue | None:
        """Give the last of the flags with one of these names; one without a value is "true"."""
        wanted = {_folded(name) for name in names}
        setting_value: SettingValue | None = None
        for at, node in enumerate(self.words):
            if not isinstance(node.value, str) or not node.value.startswith("-"):
                continue
            name, has_value, value = node.value.partition("=")
            if _folded(name) not in wanted:
                continue
            if has_value:
                setting_value = SettingValue(value=_unquoted(value), place=node)
                continue
            after = self.words[at + 1] if at + 1 < len(self.words) else None
            if after is None or (isinstance(after.value, str) and _is_flag(after.value)):
                setting_value = SettingValue(value="true", place=node)
            elif isinstance(after.value, UnknownValue):
                setting_value = _unresolved(after.value, node)
            else:
                setting_value = SettingValue(value=str(after.value), place=node)
        return self._unless_set_again(setting_value)

    def _unless_set_again(self, setting_value: SettingValue | None) -> SettingValue | None:
        """Doubt a flag behind which words stand that are not known: the last one holds."""
        if setting_value is None or setting_value.why:
            return setting_value
        start = next(at for at, node in enumerate(self.words) if node is setting_value.place)
        for before, node in zip(self.words[start:], self.words[start + 1 :], strict=False):
            is_value = isinstance(before.value, str) and _takes_value(before.value)
            if isinstance(node.value, UnknownValue) and not is_value:
                why = f"what stands behind it may set it again: {node.value.why}"
                return SettingValue(why=why, place=setting_value.place, is_given=True)
        return setting_value

    def has_flag(self, *names: str) -> SettingValue | None:
        """Give a flag that takes no value, whatever stands after it."""
        result = self.flag(*names)
        if result is None:
            return None
        is_off = result.is_known and str(result.value).lower() == "false"
        return known(not is_off, result)

    def variable(self, *names: str) -> SettingValue | None:
        """Give the first of these variables that is set."""
        for name in names:
            node = self.env.get(name)
            if node is not None:
                if isinstance(node.value, UnknownValue):
                    return _unresolved(node.value, node, node.tag)
                value = "" if node.value is None else str(node.value)
                return SettingValue(value=value, place=node, file=node.tag)
        return None

    def key(self, *paths: str) -> SettingValue | None:
        """Give the first of these dotted keys that a configuration file holds."""
        for file in self.files:
            for path in paths:
                node = file.root.get(path) or file.root.get(*path.split("."))
                if node is None:
                    continue
                if isinstance(node.value, UnknownValue):
                    return _unresolved(node.value, node, file.shown)
                return SettingValue(value=_plain(node), place=node, file=file.shown)
        return None

    def by_version(self, *cases: tuple[str, Any], since: str = "") -> SettingValue:
        """Give the default of this server's version: the first range that holds it.

        ``cases`` are (range, value), a range "" for all others. When the version is not known and
        the values differ, it is not known.
        """
        values = [value for _, value in cases]
        if all(value == values[0] for value in values):
            return known(values[0])
        key = version_key(self.version) if self.version else None
        if key is None:
            version_setting = (
                f"which {self.version[:40]} does not say" if self.version else "which is not known"
            )
            return unknown(
                f"the default depends on the version{since and ' ' + since}, {version_setting}"
            )
        for text, value in cases:
            if not text or is_within(key, read_range(text)):
                return value if isinstance(value, SettingValue) else known(value)
        return unknown("the default of this version is not known")


def truth(answer: SettingValue) -> SettingValue:
    """Read an answer as on or off."""
    if answer.why or isinstance(answer.value, bool) or answer.value is None:
        return answer
    text = str(answer.value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return known(text in _TRUE, answer)
    return unknown(f"neither on nor off: {text[:40]}", answer)


def is_given(answer: SettingValue) -> SettingValue:
    """Whether a setting has a value at all: not "" and not absent."""
    if answer.is_given:
        return yes(answer)
    return answer.mapped(lambda value: value is not None and str(value).strip() not in ("", "None"))


def any_given(*answers: SettingValue) -> SettingValue:
    """Whether one of several settings has a value; the place is that of the one that has."""
    given = [is_given(answer) for answer in answers]
    for item in given:
        if item.is_known and item.value:
            return item
    hidden = [item for item in given if not item.is_known]
    if hidden:
        return hidden[0]
    placed = [item for item in given if item.is_set]
    return placed[0] if placed else NO


def _unresolved(value: UnknownValue, place: Node, file: str = "") -> SettingValue:
    return SettingValue(why=value.why, place=place, file=file, is_given=value.is_given)


def _takes_value(word: str) -> bool:
    """Whether the next word may be the value of this one."""
    return _is_flag(word) and "=" not in word


def _folded(name: str) -> str:
    return name.replace("_", "-")


def _is_flag(text: str) -> bool:
    is_number = text.lstrip("-").replace(".", "").isdecimal()
    return text.startswith("-") and not is_number and text != "-"


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _plain(node: Node) -> Any:
    if isinstance(node.value, tuple):
        return [_plain(item) for item in node.value]
    if isinstance(node.value, Mapping):
        return {key: _plain(value) for key, value in node.value.items()}
    if isinstance(node.value, UnknownValue):
        return None
    return node.value
