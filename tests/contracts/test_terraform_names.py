"""Every argument that the Terraform tables read is one that the provider has.

``terraform_names.json`` holds the arguments, by resource type, that were found in the providers'
published schemas, as the npm packages @cdktf/provider-aws 21.22.1, -azurerm 14.23.1, -google,
-google-beta 16.12.1 and -azuread 14.3.1 tell them, when the table was written. A path that is not
in it is either new, to be looked up, or stands in ``ELSEWHERE`` with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlsec.vocabulary.iac_mapping import DeclaredType
from tests.loops import for_each
from tests.shipped import shipped_vocabulary

TABLE = shipped_vocabulary().declared["terraform"]
NAMES = json.loads((Path(__file__).parent / "terraform_names.json").read_text("utf-8"))
# What is read and is not in those schemas, and why.
ELSEWHERE = {
    "policy_data.bindings": "inside the JSON text of google_iam_policy",
    "enable_https_traffic_only": "the name of the argument before version 4 of azurerm",
    "stage_name": "an argument of aws_api_gateway_deployment before version 6 of aws",
    "scale.capacity": "a block of version 3 of azurerm",
    "scale.type": "a block of version 3 of azurerm",
    "default_uri_disabled": "newer than the package",
    "iap_enabled": "newer than the package",
    "mutual_authentication.mode": "newer than the package",
}
_HOLE = re.compile(r"\{([^{}]+)\}")
_WORDS = {"name", "account", "region", "partition", "id", "ref"}


def paths_of(entry: DeclaredType) -> Iterator[str]:
    """Yield the paths in the body that an entry reads, whole."""
    base = f"{entry.each}." if entry.each else ""
    # Which type it is stands in the whole body, also where each of its parts is one thing.
    yield from entry.where
    for path in _paths_of(entry):
        yield path[1:] if path.startswith("^") else f"{base}{path}"


def _paths_of(entry: DeclaredType) -> Iterator[str]:
    for spec in (*entry.answers.values(), *entry.without.values()):
        yield from _spec(spec, "")
    for join in entry.joins:
        yield join.by
        for spec in join.answers.values():
            yield from _spec(spec, "")
    yield from (path for path in entry.naming if "{" not in path)
    named = (path for path in entry.naming if "{" in path)
    for template in (entry.id, entry.ref, *named, *entry.attributes.values()):
        holes = (hole.partition("|")[0].rstrip("/:") for hole in _HOLE.findall(template))
        yield from (hole for hole in holes if hole not in _WORDS)


def _spec(spec: Any, base: str) -> Iterator[str]:
    if isinstance(spec, str):
        if not spec.startswith("$") and spec != ".":
            yield f"{base}{spec}"
    elif isinstance(spec, list):
        for each in spec:
            yield from _spec(each, base)
    elif isinstance(spec, dict) and "=" not in spec:
        inner = base
        for word in ("each", "keyed"):
            if word in spec and spec[word] != ".":
                yield f"{base}{spec[word]}"
                inner = f"{base}{spec[word]}."
        for key, each in spec.items():
            if key in ("each", "keyed", "is", "else", "then", "fill", "as", "unknown"):
                continue
            yield from _spec(each, inner)


def plain(path: str) -> str:
    return re.sub(r"\[\d*\]", "", path)


@for_each("name", sorted(TABLE))
def test_the_provider_has_what_the_table_reads(name: str) -> None:
    used = {plain(path) for entry in TABLE[name] for path in paths_of(entry)}
    unknown = used - set(NAMES.get(name, ())) - ELSEWHERE.keys()
    assert not unknown


def test_nothing_is_recorded_that_no_table_reads() -> None:
    used = {
        name: {plain(path) for entry in entries for path in paths_of(entry)}
        for name, entries in TABLE.items()
    }
    left = {name: sorted(set(paths) - used.get(name, set())) for name, paths in NAMES.items()}
    assert {name: paths for name, paths in left.items() if paths} == {}
