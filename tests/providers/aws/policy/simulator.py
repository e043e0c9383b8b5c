"""An independent simulator of AWS's policies (@cloud-copilot/iam-simulate), asked by brute force.

What the caller is free to choose is tried in all combinations: the values that the policies
name, texts made of their patterns, one that none names, and leaving the key out. Which keys are
fixed by who calls is said here again, apart from what the product says.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import itertools
import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[4] / "tests/emulators"
# Names of things and values of keys that no policy has.
UNNAMED = "zq7731"
VALUE = "qv5512"
_MOST_CONTEXTS = 400
_LISTS = {
    "aws:principalorgpaths", "aws:principalservicenameslist", "aws:vpceorgpaths", "aws:tagkeys",
    "aws:resourceorgpaths", "aws:calledvia", "aws:sourceorgpaths",
}  # fmt: skip
# What is made carries no boundary, and what nobody names carries no tag.
_NEVER = re.compile(
    r"iam:permissionsboundary|.*:resourcetag/.*|s3:existingobjecttag/.*|s3:buckettag/.*"
    r"|kms:resourcealiases|kms:requestalias|aws-marketplace:productid"
)
Document = Mapping[str, Any]


def is_installed() -> bool:
    """Whether the simulator is there to be asked."""
    return (FOLDER / "node_modules/@cloud-copilot/iam-simulate").exists()


def simulate(questions: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Ask: for each question the number of the first context allowed, -1, or an error's text."""
    done = subprocess.run(
        ["node", "iam_simulate.mjs"],  # noqa: S607 - node as the path has it
        input="".join(json.dumps(question) + "\n" for question in questions),
        capture_output=True, text=True, check=True, cwd=FOLDER,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def conditions_of(documents: Iterable[Document]) -> Iterator[tuple[str, str, str]]:
    """Give each operator, key and value of the documents."""
    for document in documents:
        statements = document["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            for operator, keys in statement.get("Condition", {}).items():
                for key, values in keys.items():
                    for value in values if isinstance(values, list) else [values]:
                        yield operator, key, str(value).lower() if value in (True, False) else value


def relevant(documents: Iterable[Document], action: str) -> list[Document]:
    """Leave out the statements that do not speak of an action."""
    kept: list[Document] = []
    for document in documents:
        statements = document["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        kept.append({"Statement": [each for each in statements if _speaks_of(each, action)]})
    return kept


def _speaks_of(statement: Mapping[str, Any], action: str) -> bool:
    patterns = statement.get("Action", statement.get("NotAction"))
    patterns = patterns if isinstance(patterns, list) else [patterns]
    is_named = any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
    return is_named == ("Action" in statement)


def contexts(
    documents: Sequence[Document], fixed: Mapping[str, Sequence[Any]]
) -> list[dict[str, Any]]:
    """Give the contexts worth trying; ``fixed`` are the values (None: absent) that who calls fixes.

    Keys in lower case; one that ends in / for all that begin so.
    """
    told: dict[str, dict[Any, None]] = {}
    for operator, key, value in conditions_of(documents):
        values = told.setdefault(key, {None: None, VALUE: None})
        values.update(dict.fromkeys(near_values(operator, value)))
    for key in _variables(documents):
        told.setdefault(key, {None: None, VALUE: None}).update({"data": None})
    choices = {key: _chosen(key, list(values), fixed) for key, values in told.items()}
    made = itertools.product(*choices.values())
    return [
        {key: value for key, value in zip(choices, way, strict=True) if value is not None}
        for way in itertools.islice(made, _MOST_CONTEXTS)
    ] or [{}]


def _chosen(key: str, values: list[Any], fixed: Mapping[str, Sequence[Any]]) -> list[Any]:
    lower = key.lower()
    if _NEVER.fullmatch(lower):
        return [None]
    bare = lower.partition("/")[0] + "/"
    said = fixed.get(lower, fixed.get(bare))
    if said is not None:
        return list(said)
    if lower in _LISTS:
        given = [value for value in values if value is not None]
        return [
            None,
            *([v] for v in given),
            *([*pair] for pair in itertools.combinations(given, 2)),
        ]
    return values


def _variables(documents: Sequence[Document]) -> list[str]:
    found = re.findall(r"\$\{([a-zA-Z0-9-]+:[^},]+)", json.dumps(documents))
    return list(dict.fromkeys(name.strip() for name in found))


def near_values(operator: str, value: str) -> Iterator[str]:
    """Give values that a condition tells apart."""
    kind = operator.rpartition(":")[2].lower()
    if kind.startswith("bool") or kind == "null":
        yield from ("true", "false")
    elif kind.startswith("numeric"):
        yield from _numbers(value)
    elif kind.startswith("date"):
        yield from ("2001-01-01T00:00:00Z", value, "2037-01-01T00:00:00Z")
    elif "ipaddress" in kind:
        yield from _addresses(value)
    elif kind.startswith("arn"):
        yield value.replace("*", VALUE).replace("?", "q")
        yield f"arn:aws:{VALUE}:{VALUE}:{VALUE}:{VALUE}"
    else:
        yield re.sub(r"\$\{[^}]*\}", VALUE, value)
        yield value.replace("*", VALUE).replace("?", "q")
        yield value.swapcase()


def _numbers(value: str) -> Iterator[str]:
    try:
        number = float(value)
    except ValueError:
        return
    yield from (f"{number + step:g}" for step in (-1, 0, 1))


def _addresses(value: str) -> Iterator[str]:
    yield from ("198.18.0.7", "2001:db8:7::1")
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return
    yield str(network[0])
    yield str(network[-1])
