"""How one service of a compose file lies over another: ``extends`` and override files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlsec.collect.located.located import Node

Find = Callable[[str, str], Node | None]
# Lists of which both parts hold; of all others the later one alone.
_ADDED = (
    "ports", "expose", "volumes", "env_file", "devices", "cap_add", "security_opt", "secrets",
    "configs", "networks", "profiles",
)  # fmt: skip
_DEEPEST = 10


def extended(node: Node, find: Find, depth: int = 0) -> tuple[Node, str]:
    """Give a service with what it extends, and the name of what was not found ("" for all)."""
    wanted = node.get("extends")
    if wanted is None:
        return node, ""
    service = wanted.value if isinstance(wanted.value, str) else wanted.text("service")
    file = wanted.text("file")
    below = find(file, service) if depth < _DEEPEST else None
    if below is None:
        return _without(node), f"{file or 'this file'}: {service}"
    # What it extends there may extend something else in its own file; one level is what is used.
    whole, missing = extended(below, find, depth + 1)
    return merged(whole, _without(node)), missing


def merged(below: Node, above: Node) -> Node:
    """Lay one service over another, as compose merges them."""
    out = dict(below.pairs())
    for key, node in above.pairs().items():
        result = out.get(key)
        if node.tag == "!reset":
            out.pop(key, None)
        elif result is None or node.tag == "!override":
            out[key] = node
        elif key == "environment":
            out[key] = Node({**environment(result), **environment(node)}, node.line, node.column)
        elif isinstance(result.value, tuple) and isinstance(node.value, tuple) and key in _ADDED:
            out[key] = Node((*result.value, *node.value), node.line, node.column)
        elif isinstance(result.value, Mapping) and isinstance(node.value, Mapping):
            out[key] = merged(result, node)
        else:
            out[key] = node
    return Node(out, above.line, above.column)


def environment(node: Node) -> dict[str, Node]:
    """Give the variables of a service, whether they stand as a list or as a mapping.

    A name without a value comes from the shell that starts compose: its node's value is None.
    """
    if isinstance(node.value, Mapping):
        return dict(node.value)
    result = {}
    for item in node.items():
        if isinstance(item.value, str):
            name, is_set, value = item.value.partition("=")
            result[name] = Node(value if is_set else None, item.line, item.column, item.tag)
    return result


def _without(node: Node) -> Node:
    pairs = {key: value for key, value in node.pairs().items() if key != "extends"}
    return Node(pairs, node.line, node.column)
