"""The check of a rule's fix: prose, commands, and what only holds on one of several clouds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.core.catalogue import Fix
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.vocabulary.types import Vocabulary

FIX_KEYS = ("text", "cli", "replaces", "keep", "terraform", "cloudformation", "console", "config")


def providers_of(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Name every provider that has a type, sorted."""
    concrete = (type_ for type_ in vocabulary.types.values() if not type_.is_concept)
    return tuple(sorted({item.name.partition(".")[0] for item in concrete}))


def read_fix(raw: Any, providers: Iterable[str], mistakes: Diagnostics) -> Fix:
    """Read ``fix``; what is wrong with it is recorded."""
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str):
        mistakes.add('"fix" needs at least "text"', "fix")
        return Fix(text="")
    known = tuple(providers)
    common = {key: value for key, value in raw.items() if key not in known}
    parts = {key: value for key, value in raw.items() if key in known}
    texts = _texts(common, (*FIX_KEYS, *known), mistakes, ("fix",))
    by_provider: dict[str, Fix] = {}
    for provider, part in parts.items():
        here = ("fix", provider)
        if not isinstance(part, dict) or not part:
            mistakes.add(f'"{provider}" takes a mapping such as {{cli: ...}}', *here)
            continue
        by_provider[provider] = Fix(**{"text": "", **_texts(part, FIX_KEYS, mistakes, here)})
    texts = {"text": "", **texts}
    return Fix(**texts, by_provider=by_provider) if by_provider else Fix(**texts)


def _texts(
    raw: Mapping[str, Any], known: tuple[str, ...], mistakes: Diagnostics, here: tuple[str, ...]
) -> dict[str, Any]:
    for key, value in raw.items():
        if key not in known:
            mistakes.add(f'unknown key "{key}"{did_you_mean(key, known)}', *here, key)
        elif not isinstance(value, str):
            mistakes.add(f'"{key}" must be text (quote it)', *here, key, "=")
    return {key: str(raw[key]).strip() for key in FIX_KEYS if key in raw}
