"""Where two JSON documents differ, as short lines that a person can look up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlsec.core.sanitize import visible

# What identifies the items of a list: the first that all of them have.
_KEYS = ("fingerprint", "id")
_VALUE_CHARS = 80
_MISSING = object()


def differences(actual: Any, expected: Any, most: int = 10) -> tuple[str, ...]:
    """Say in at most ``most`` lines where ``actual`` is not ``expected``; () where they are equal.

    Items of lists are compared by their fingerprint or id, others by their position.
    """
    lines: list[str] = []
    for line in _compare("", actual, expected):
        if len(lines) == most:
            lines.append("and more")
            break
        lines.append(line)
    return tuple(lines)


def _compare(path: str, actual: Any, expected: Any) -> Iterator[str]:
    if actual is _MISSING:
        yield f"{path} is missing"
    elif expected is _MISSING:
        yield f"{path} does not belong there"
    elif isinstance(actual, dict) and isinstance(expected, dict):
        yield from _compare_mappings(path, actual, expected)
    elif isinstance(actual, list) and isinstance(expected, list):
        yield from _compare_lists(path, actual, expected)
    elif type(actual) is not type(expected) or actual != expected:
        yield f"{path or 'the document'} is {_shown(actual)} and should be {_shown(expected)}"


def _compare_mappings(
    path: str, actual: Mapping[str, Any], expected: Mapping[str, Any]
) -> Iterator[str]:
    for key in dict.fromkeys((*expected, *actual)):
        inner = f"{path}.{visible(key, 60)}" if path else visible(key, 60)
        yield from _compare(inner, actual.get(key, _MISSING), expected.get(key, _MISSING))


def _compare_lists(path: str, actual: Sequence[Any], expected: Sequence[Any]) -> Iterator[str]:
    key = next((key for key in _KEYS if _is_keyed((*actual, *expected), key)), None)
    if key is None:
        if len(actual) != len(expected):
            yield f"{path} has {len(actual):,} items and should have {len(expected):,}"
        for number, (here, there) in enumerate(zip(actual, expected, strict=False)):
            yield from _compare(f"{path}[{number}]", here, there)
        return
    of_actual = {item[key]: item for item in actual}
    of_expected = {item[key]: item for item in expected}
    missing = [item for item in of_expected if item not in of_actual]
    added = [item for item in of_actual if item not in of_expected]
    if missing:
        of_all = f"{len(missing):,} of {len(expected):,}"
        yield f"{path}: {of_all} are missing, such as {_shown(missing[0])}"
    if added:
        yield f"{path}: {len(added):,} do not belong there, such as {_shown(added[0])}"
    for name, item in of_actual.items():
        if name in of_expected:
            yield from _compare(f"{path}[{visible(str(name), 60)}]", item, of_expected[name])
    if not missing and not added and list(of_actual) != list(of_expected):
        yield f"{path} are in another order"


def _is_keyed(items: Sequence[Any], key: str) -> bool:
    return bool(items) and all(
        isinstance(item, dict) and isinstance(item.get(key), str) for item in items
    )


def _shown(value: Any) -> str:
    text = visible(str(value), _VALUE_CHARS)
    return f'"{text}"' if isinstance(value, str) else text
