"""Finds every expression that a name of a template is set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import nodes


def assignments(tree: nodes.Template) -> dict[str, list[nodes.Node]]:
    """Every expression that a name of the template is set to, in any order."""
    from jinja2 import nodes as kinds  # noqa: PLC0415

    names = _Names(tree)
    wanted = (kinds.Assign, kinds.AssignBlock, kinds.For, kinds.Macro, kinds.With)
    for node in tree.find_all(wanted):
        match node:
            case kinds.Assign():
                names.bind(node.target, node.node)
            case kinds.AssignBlock() | kinds.For():
                names.bind(node.target, node)
            case kinds.Macro():
                names.set(node.name, node)
                for argument in node.args:
                    names.bind(argument, tree)
            case kinds.With():
                for target, value in zip(node.targets, node.values, strict=False):
                    names.bind(target, value)
            case _:
                pass
    return names.found


class _Names:
    """Names and what they are set to; ``unknown`` stands for what cannot be said."""

    def __init__(self, unknown: nodes.Node) -> None:
        self.found: dict[str, list[nodes.Node]] = {}
        self.unknown = unknown

    def set(self, name: str, value: nodes.Node) -> None:
        self.found.setdefault(name, []).append(value)

    def bind(self, target: Any, value: Any) -> None:
        """Bind a target of any kind: a name, an attribute of a namespace, several names."""
        if hasattr(target, "items"):
            values = getattr(value, "items", ())
            for index, inner in enumerate(target.items):
                self.bind(inner, values[index] if index < len(values) else self.unknown)
        elif hasattr(target, "attr"):
            self.set(f"{target.name}.{target.attr}", value)
        else:
            self.set(target.name, value)
