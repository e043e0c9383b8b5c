"""What ``pulumi stack export`` and ``pulumi preview --json`` print, as the resources of a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.iac.pulumi.bodies import NOT_YET_KNOWN, PulumiResource
from mlsec.iac.terraform.values import Symbol

# What a stack will not have.
_GONE = ("delete", "delete-replaced", "discard", "discard-replaced", "read-discard")
_LEAST_CHARS = 6
# Where the value is what another resource is called, and no text that is made around that.
_REFERENCE = regex(r"(?:.*_)?(arn|id|bucket|role|name)\Z")


class StackOutput:
    """One file of a stack.

    Raises:
        MlsecError: it is not JSON, or says nothing of a stack. ``location`` is ``line:column``.
    """

    def __init__(self, file: CodeFile) -> None:
        root = marked_json.parse(file.text)
        self.states = list(_states(root))
        if root.get("deployment", "resources") is None and root.get("steps") is None:
            raise MlsecError("neither a deployment nor steps in it", location="1:1")

    def resources(self) -> Iterator[PulumiResource]:
        """Yield each resource that a provider keeps, by the last part of its URN."""
        taken: dict[str, int] = {}
        for state in self.states:
            custom = state.get("custom")
            if custom is None or custom.value is not True:
                continue
            name = state.text("urn").rpartition("::")[2]
            token = state.text("type")
            number = taken[f"{token} {name}"] = taken.get(f"{token} {name}", 0) + 1
            yield PulumiResource(
                token=token,
                key=name if number == 1 else f"{name}[{number}]",
                inputs=state.get("inputs") or Node({}),
                urn=state.text("urn"),
                line=state.line,
                column=state.column,
            )

    def named(self, addresses: Mapping[str, str]) -> Mapping[str, Symbol]:
        """Give what the resources are called by now; ``addresses`` are theirs, by URN."""
        result: dict[str, Symbol | None] = {}
        for state in self.states:
            address = addresses.get(state.text("urn"))
            for attribute in ("id", "arn") if address is not None else ():
                text = state.text("outputs", attribute) or state.text(attribute)
                if address is not None and len(text) >= _LEAST_CHARS and text != NOT_YET_KNOWN:
                    symbol = Symbol(address, (attribute,))
                    # What two resources are called by refers to neither.
                    result[text] = symbol if result.get(text, symbol) == symbol else None
        return {text: symbol for text, symbol in result.items() if symbol is not None}

    def depends(self, addresses: Mapping[str, str]) -> Mapping[tuple[str, str], str]:
        """Give the address of the only one that a property depends on, by URN and property."""
        result: dict[tuple[str, str], str] = {}
        for state in self.states:
            for name, node in state.pairs("propertyDependencies").items():
                on = {str(item.value) for item in node.items()}
                if len(on) == 1 and (address := addresses.get(on.pop())) is not None:
                    result[state.text("urn"), name.lower()] = address
        return result


def reference(argument: str, address: str) -> Any:
    """Give what is not known yet as a reference, where it can be nothing else."""
    match = _REFERENCE.match(argument)
    if match is None:
        return NOT_YET_KNOWN
    return Symbol(address, ("arn",) if match[1] == "arn" else ("id",))


def _states(root: Node) -> Iterator[Node]:
    yield from root.items("deployment", "resources")
    for step in root.items("steps"):
        state = step.get("newState")
        if state is not None and step.text("op") not in _GONE:
            yield state
