"""How Python starts what serves a model: public links, consoles for anybody, plain HTTP."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.collect.located.located import Node
from mlsec.collect.python.call import Call
from mlsec.core.regex import regex

_LOCAL = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104 - compared, nothing is bound
# Addresses that only a machine or a cluster itself knows.
_NEAR = regex(
    r"(?i)http://(?:localhost|127\.[0-9.]+|0\.0\.0\.0|\[::1\]|host\.docker\.internal"
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)?|[a-z0-9.-]+\.svc(?:\.cluster\.local)?)(?::[0-9]+)?(?:[/?].*)?"
)
_GRADIO = ("gradio.", "gr.")


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """One call by which something can be reached that should not be."""

    call: Call
    kind: str
    what: str


def is_serving_call(name: str) -> bool:
    """Whether a call of this name may start a server, or say where one is."""
    return name.endswith((".launch", ".run", ".set_tracking_uri", ".set_registry_uri"))


def exposures_of(calls: Iterable[Call], *, is_notebook: bool) -> list[Exposure]:
    """Give what the calls of a file open to others.

    An application of Gradio in a file of its own is a server, which is read as one.
    """
    result: list[Exposure] = []
    for call in calls:
        if call.name.startswith(_GRADIO) and call.name.endswith(".launch"):
            if is_notebook and _is(call.argument("share"), value=True):
                result.append(Exposure(call=call, kind="public-link", what="launch(share=True)"))
        elif call.name == "flask.Flask().run" and _is(call.argument("debug", 2), value=True):
            host = call.argument("host", 0)
            where = host.value if host is not None else "127.0.0.1"
            is_far = isinstance(where, str) and where not in _LOCAL[:3]
            kind = "debug-console-network" if is_far else "debug-console"
            result.append(Exposure(call=call, kind=kind, what=f"run(debug=True) on {where}"))
        elif call.name in ("mlflow.set_tracking_uri", "mlflow.set_registry_uri"):
            node = call.argument("uri", 0)
            uri = node.value if node is not None else None
            if isinstance(uri, str) and uri.startswith("http://") and not _NEAR.fullmatch(uri):
                result.append(Exposure(call=call, kind="plain-http", what=uri))
    return result


def _is(node: Node | None, *, value: bool) -> bool:
    return node is not None and node.value is value
