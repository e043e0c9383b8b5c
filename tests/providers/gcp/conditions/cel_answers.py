"""Answers conditions by cel-python, in an environment of its own: JSON lines in, JSON lines out.

In: {"condition": text, "requests": [{"resource": {...}, "request": {...}, "api": {...}, "holds":
{...}}]}; out: one of true, false or "fails" for each request. Knows nothing of mlsec.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import celpy
from celpy import celtypes
from celpy.evaluation import CELEvalError


def extract(text: Any, template: Any) -> Any:
    """By the words of Google's page: the text between two others, at the first occurrence."""
    before, _, rest = str(template).partition("{")
    after = rest.partition("}")[2]
    if before not in str(text):
        return celtypes.StringType("")
    tail = str(text).split(before, 1)[1] if before else str(text)
    if after and after not in tail:
        return celtypes.StringType("")
    return celtypes.StringType(tail.split(after, 1)[0] if after else tail)


def has_only(values: Any, allowed: Any) -> Any:
    return celtypes.BoolType({str(v) for v in values} <= {str(a) for a in allowed})


# The request that is being asked about: programs are made once for each condition.
ASKED: dict[str, Any] = {}


def holds(name: str) -> Any:
    def ask(_: Any, *arguments: Any) -> Any:
        return celtypes.BoolType(ASKED["holds"][f"{name}{[''.join(a) for a in arguments]}"])

    return ask


def attribute(_: Any, name: Any, default: Any) -> Any:
    api = ASKED["api"]
    return celpy.json_to_cel(api[str(name)]) if str(name) in api else default


TAGS = ("matchTag", "matchTagId", "hasTagKey", "hasTagKeyId")
FUNCTIONS = {"extract": extract, "hasOnly": has_only, "getAttribute": attribute,
             **{name: holds(name) for name in TAGS}}  # fmt: skip


def answer(program: Any, request: dict[str, Any]) -> bool | str:
    ASKED.update(request)
    levels = [n.partition(" ")[2] for n, is_so in request["holds"].items() if is_so]
    asked = dict(request["request"])
    if "time" in asked:
        asked["time"] = celtypes.TimestampType(asked["time"])
    activation = {
        "resource": celpy.json_to_cel(request["resource"]),
        "request": celtypes.MapType(
            {
                **{
                    celtypes.StringType(name): celpy.json_to_cel(value)
                    if isinstance(value, str) else value
                    for name, value in asked.items()
                },
                celtypes.StringType("auth"): celpy.json_to_cel({"access_levels": levels}),
            }
        ),
        "api": celpy.json_to_cel({}),
        "destination": celpy.json_to_cel(request.get("destination", {})),
    }  # fmt: skip
    try:
        value = program.evaluate(activation)
    except (CELEvalError, TypeError, IndexError):  # two operands that fail break it
        return "fails"
    return bool(value) if isinstance(value, celtypes.BoolType | bool) else "fails"


def main() -> None:
    environment = celpy.Environment()
    for line in sys.stdin:
        asked = json.loads(line)
        tree = environment.compile(asked["condition"])
        program = environment.program(tree, functions=FUNCTIONS)
        answers = [answer(program, request) for request in asked["requests"]]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
