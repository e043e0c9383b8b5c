"""The folders of a bucket, taken apart until each holds few enough objects."""

from __future__ import annotations

from collections import Counter

from mlsec.collect.settings import CollectSettings
from mlsec.model_files.stores import open_bucket


def folders_of(target: str, settings: CollectSettings, most: int) -> list[str]:
    """Give targets that together are the given one, each with at most ``most`` objects.

    A folder that itself holds objects beside its folders is one target, however large it is: what
    lies side by side is judged together.

    Raises:
        MlsecError: it is no bucket, or cannot be listed.
    """
    bucket = open_bucket(target, settings)
    names = [entry.path for entry in bucket.listing().entries]
    return [f"{bucket.root}/{bucket.prefix}{folder}" for folder in _split(names, most)] or [target]


def _split(names: list[str], most: int, above: str = "") -> list[str]:
    inside = Counter(name.partition("/")[0] for name in names if "/" in name)
    has_files = any("/" not in name for name in names)
    if len(names) <= most or has_files or not inside:
        return [above]
    folders = []
    for folder in sorted(inside):
        below = [name.removeprefix(f"{folder}/") for name in names if name.startswith(f"{folder}/")]
        folders += _split(below, most, f"{above}{folder}/")
    return folders
