"""What the configuration in a plan says that an unknown value is made of."""

from __future__ import annotations

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.regex import regex
from mlsec.iac.terraform.values import Symbol

_STEP = regex(r"([^.\[\]]+)((?:\[(?:\"[^\"]*\"|\d+)\])*)")
# Arguments whose text is put together around a reference, so that the reference is not all of it.
_MADE_AROUND = regex(r"(?i)policy|polic|document|definition|ur[il]$|path|image|template|data")
_ONE_NAME = regex(r"arns?\Z")  # even where it is the name of a policy
_MAX_HOPS = 12


class References:
    """The configuration of a plan, by the addresses of its resources."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def value(self, address: str, path: tuple[str | int, ...]) -> Symbol | UnknownValue:
        """Give the symbol for an unknown value, when it is one reference and nothing else."""
        modules, resource = module_path(address)
        configured = self._resource(modules, resource)
        expression = configured.get("expressions", *path) if configured is not None else None
        shown = ".".join((address, *(str(step) for step in path)))
        unknown = UnknownValue(
            f"{shown} is only known after the apply", f"‹{shown}›", is_given=True
        )
        argument = str(path[-1])
        is_made_around = _MADE_AROUND.search(argument) and not _ONE_NAME.search(argument)
        if expression is None or is_made_around:
            return unknown
        result = self._followed(_referred(expression), modules, 0)
        return result or unknown

    def _followed(self, names: list[str], modules: tuple[str, ...], hops: int) -> Symbol | None:
        """Follow variables up to the caller and outputs down to the module that has them."""
        if len(names) != 1 or hops > _MAX_HOPS:
            return None
        steps = [match.group(1) + match.group(2) for match in _STEP.finditer(names[0])]
        head = steps[0] if steps else ""
        if head == "var" and modules and len(steps) == 2:
            call = self._call(modules)
            given = call.get("expressions", steps[1]) if call is not None else None
            return self._followed(_referred(given), modules[:-1], hops + 1) if given else None
        if head == "module" and len(steps) == 3:
            inner = (*modules, steps[1])
            output = self._module(inner)
            expression = output.get("outputs", steps[2], "expression") if output else None
            return self._followed(_referred(expression), inner, hops + 1) if expression else None
        if head in ("var", "local", "module", "each", "count", "data", "path") or len(steps) < 3:
            return None
        prefix = "".join(f"module.{name}." for name in modules)
        return Symbol(f"{prefix}{steps[0]}.{steps[1]}", tuple(steps[2:]))

    def _resource(self, modules: tuple[str, ...], resource: str) -> Node | None:
        module = self._module(modules)
        plain = resource.partition("[")[0] if resource.endswith("]") else resource
        for item in module.items("resources") if module is not None else ():
            if item.text("address") == plain:
                return item
        return None

    def _module(self, modules: tuple[str, ...]) -> Node | None:
        if not modules:
            return self._root
        call = self._call(modules)
        return call.get("module") if call is not None else None

    def _call(self, modules: tuple[str, ...]) -> Node | None:
        here: Node | None = self._root
        for at, name in enumerate(modules):
            plain = name.partition("[")[0]
            result = here.get("module_calls", plain) if here is not None else None
            if result is None or at == len(modules) - 1:
                return result
            here = result.get("module")
        return None


def module_path(address: str) -> tuple[tuple[str, ...], str]:
    """Split an address into the modules on the way, with their keys, and the resource."""
    modules: list[str] = []
    rest = address
    while rest.startswith("module."):
        match = _STEP.match(rest, len("module."))
        if match is None:
            break
        modules.append(match.group())
        rest = rest[match.end() :].lstrip(".")
    return tuple(modules), rest


def _referred(expression: Node) -> list[str]:
    """Give what an expression refers to; the same thing is named in full and in part."""
    names = [str(item.value) for item in expression.items("references")]
    return [
        name
        for name in names
        if not any(other != name and other.startswith((f"{name}.", f"{name}[")) for other in names)
    ]
