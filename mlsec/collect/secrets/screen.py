"""Documents without secrets: every string of an answer passes here before it is stored."""

from __future__ import annotations

from typing import Any

from mlsec.collect.secrets.masking import Masker
from mlsec.core.regex import regex

# {Name: X, Value: Y} is how variables, tags and parameters are written: X says what Y is.
_NAMES = ("name", "Name", "key", "Key", "ParameterKey", "parameterKey", "OptionName", "variable")
_VALUES = frozenset({
    "value", "Value", "ParameterValue", "parameterValue", "defaultValue", "DefaultValue",
    "default", "Default", "content", "Content", "stringValue", "StringValue",
})  # fmt: skip
_LEAST_CHARS = 6
_MOST_DEPTH = 200
# Under "secret" an API names one in a store: {secret: hf-token, version: latest}.
_SECRET_NAME = regex(
    r"(?:projects/[\w.-]+/secrets/)?[a-z]{2,20}[0-9]?(?:[-_](?:[a-z]{1,20}[0-9]{0,4}|[0-9]{1,6}))*"
)


class Screen:
    """Masks the secrets of documents; equal texts under equal names are looked at once."""

    def __init__(self, salt: str) -> None:
        self._masker = Masker(salt)

    def text(self, text: str, name: str = "") -> str:
        """Give a text, such as a message, without its secrets."""
        if len(text) < _LEAST_CHARS:
            return text
        is_reference = name.lower() == "secret" and _SECRET_NAME.fullmatch(text)
        return self._masker.mask_value(text, "name" if is_reference else name)

    def document(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """Give a document without its secrets; what was reduced before stays as it is.

        Below 200 levels nobody looks: what stands there is left out.
        """
        if isinstance(value, str):
            return self.text(value, name)
        if depth > _MOST_DEPTH:
            return None if isinstance(value, (list, dict)) else value
        if isinstance(value, list):
            return self._list(value, name, depth)
        if isinstance(value, dict):
            return value if "~hash" in value else self._mapping(value, depth)
        return value

    def _list(self, value: list[Any], name: str, depth: int) -> list[Any]:
        result: list[Any] = []
        flag = ""
        for item in value:
            if flag and isinstance(item, str) and not item.startswith("-"):
                result.append(self._argument(item, flag))
            else:
                result.append(self.document(item, name, depth + 1))
            is_flag = isinstance(item, str) and item.startswith("-") and "=" not in item
            flag = item.lstrip("-") if is_flag else ""
        return result

    def _argument(self, text: str, flag: str) -> str:
        """A value of a command stands behind its flag."""
        whole = f"--{flag} {text}"
        masked = self._masker.mask(whole)
        return masked[len(flag) + 3 :] if masked != whole else self.text(text, flag)

    def _mapping(self, value: dict[Any, Any], depth: int) -> dict[Any, Any]:
        beside = ""
        if not _VALUES.isdisjoint(value):
            names = (value[key] for key in _NAMES if isinstance(value.get(key), str))
            beside = next(names, "")
        return {
            self._key(key): self.document(
                item, beside if beside and key in _VALUES else str(key), depth + 1
            )
            for key, item in value.items()
        }

    def _key(self, key: Any) -> Any:
        return (
            self._masker.mask_value(key, "name") if isinstance(key, str) and len(key) >= 20 else key
        )
