"""What OpenShift's default security context constraint (SCC) gives to pods that do not say it.

Source: OpenShift, managing security context constraints: restricted-v2, which all authenticated
accounts may use, runs pods as a user of their namespace's range, without capabilities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from mlsec.collect.located.located import Node
from mlsec.providers.kubernetes.objects.objects import KubeObject

_GROUP = ".openshift.io"
_BOUND = "system:openshift:scc:"
_NARROW = ("restricted", "restricted-v2", "restricted-v3", "nonroot", "nonroot-v2")
_EVERYBODY = ("system:authenticated", "system:serviceaccounts")
# What a constraint decides, and the settings of which one in the text goes before it.
_DECIDED: Mapping[str, tuple[str, ...]] = {
    "root": ("runAsNonRoot", "runAsUser"),
    "escalation": ("allowPrivilegeEscalation",),
    "capabilities": ("capabilities",),
    "seccomp": ("seccompProfile",),
}
# A folder of which this many parts, and a third of all, hold objects of OpenShift is for OpenShift.
_LEAST_PARTS, _SHARE = 3, 3
_Account = tuple[str, str]


class Widening(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts, by namespace and name ("" is any), and the object that widens theirs."""

    namespace: str
    account: str
    by: KubeObject

    def concerns(self, thing: KubeObject, account: str) -> bool:
        """Whether an account that an object names may be among them."""
        if self.account not in ("", account):
            return False
        if "" not in (self.namespace, thing.namespace):
            return self.namespace == thing.namespace
        if self.by.stack or thing.stack:
            return self.by.stack == thing.stack
        mine, theirs = (_folder(item) for item in (self.by, thing))
        return mine.startswith(theirs) or theirs.startswith(mine)


class OpenShift(msgspec.Struct, frozen=True, kw_only=True):
    """Where objects of OpenShift stand: renderings, namespaces and folders, and trees of folders.

    ``widened`` are the accounts that something here gives another constraint than the default.
    """

    places: frozenset[tuple[str, str]] = frozenset()
    trees: tuple[str, ...] = ()
    widened: tuple[Widening, ...] = ()

    def holds(self, thing: KubeObject) -> bool:
        """Whether an object of code is applied to OpenShift."""
        if thing.file is None:
            return False
        is_below = any(thing.file.path.startswith(tree) for tree in self.trees)
        return is_below or not self.places.isdisjoint(_places(thing))


def openshift_of(things: Iterable[KubeObject]) -> OpenShift:
    """Find where objects of OpenShift stand, and which accounts are given wider constraints."""
    kept = tuple(things)
    own = [thing for thing in kept if thing.group.endswith(_GROUP)]
    if not own:
        return OpenShift()
    roles = {thing.name for thing in kept if _allows_wide(thing)}
    return OpenShift(
        places=frozenset(place for thing in own for place in _places(thing)),
        trees=tuple(sorted(_trees(kept))),
        widened=tuple(
            Widening(namespace=space, account=name, by=thing)
            for thing in kept
            for space, name in _widened(thing, roles)
        ),
    )


def left_to_constraint(
    thing: KubeObject, pod: Node, container: Node, openshift: OpenShift
) -> tuple[str, ...]:
    """Name what the text of a container leaves to the default constraint of OpenShift.

    That one runs no pod as root; which one admits these pods, only a scan of the cluster sees.
    """
    account = pod.text("serviceAccountName") or pod.text("serviceAccount") or "default"
    if not openshift.holds(thing) or any(w.concerns(thing, account) for w in openshift.widened):
        return ()
    written = {key for holder in (pod, container) for key in holder.pairs("securityContext")}
    return tuple(
        name for name, keys in _DECIDED.items() if not written.intersection((*keys, "privileged"))
    )


def _places(thing: KubeObject) -> list[tuple[str, str]]:
    """Give what an object in code shares with those beside it; a cluster is asked for itself."""
    if thing.file is None:
        return []
    if thing.stack:
        return [("rendering", thing.stack)]
    folder = ("folder", thing.file.path.rpartition("/")[0])
    return [folder, *([("namespace", thing.namespace)] if thing.namespace else [])]


def _folder(thing: KubeObject) -> str:
    return f"{thing.file.path.rpartition('/')[0]}/" if thing.file is not None else ""


def _trees(things: Iterable[KubeObject]) -> Iterator[str]:
    """Give the folders whose parts are mostly for OpenShift, each with a slash at its end."""
    parts: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for thing in things:
        steps = thing.file.path.split("/")[:-1] if thing.file is not None else []
        for at, step in enumerate(steps):
            known = parts["".join(f"{part}/" for part in steps[:at])]
            known[step] = known.get(step, False) or thing.group.endswith(_GROUP)
    for folder, known in parts.items():
        count = sum(known.values())
        if count >= _LEAST_PARTS and count * _SHARE >= len(known):
            yield folder


def _widened(thing: KubeObject, roles: set[str]) -> Iterator[_Account]:
    """Give the accounts that an object gives a constraint that allows root."""
    if thing.kind == "SecurityContextConstraints":
        for item in (*thing.node.items("users"), *thing.node.items("groups")):
            yield from _subject("", str(item.value))
        return
    role = thing.node.text("roleRef", "name")
    wide = role.removeprefix(_BOUND) not in _NARROW if role.startswith(_BOUND) else role in roles
    if role and wide:
        for item in thing.node.items("subjects"):
            if item.text("kind") == "ServiceAccount":
                yield item.text("namespace") or thing.namespace, item.text("name")
            else:
                yield from _subject(thing.namespace, item.text("name"))


def _subject(namespace: str, name: str) -> Iterator[_Account]:
    """Give the accounts that a user or group is."""
    first, _, rest = name.partition(":serviceaccount")
    if name in _EVERYBODY:
        yield namespace, ""
    elif first == "system" and rest.startswith("s:"):
        yield rest[2:], ""
    elif first == "system" and rest.startswith(":"):
        space, _, account = rest[1:].partition(":")
        yield space, account


def _allows_wide(thing: KubeObject) -> bool:
    """Whether a role allows the use of a constraint that allows root."""
    rules = thing.node.items("rules") if thing.kind in ("Role", "ClusterRole") else ()
    return any(
        "securitycontextconstraints" in _texts(rule, "resources")
        and not {""} < {"", *_texts(rule, "resourceNames")} <= {"", *_NARROW}
        for rule in rules
    )


def _texts(rule: Node, key: str) -> set[str]:
    return {str(item.value) for item in rule.items(key)}
