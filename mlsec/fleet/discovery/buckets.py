"""A bucket taken apart into the beginnings of names, each with few enough objects.

What lies side by side in a folder is judged together and stays together; the folders in it do
not, as long as no file beside them says that a model begins there.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.collect.folders.entry import Bucket, Entry, Within
from mlsec.model_files.folders import is_marker


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a bucket: the objects whose names begin with ``prefix``, as far as ``within``."""

    prefix: str
    within: Within = Within.ALL


def areas_of(bucket: Bucket, most: int) -> tuple[Area, ...]:
    """Give areas that together are what the bucket shows, each with at most ``most`` objects.

    A folder in which a model begins and the files of one folder are one area, however many there
    are. So is a bucket whose listing comes in no order, which cannot be counted as it comes.

    Raises:
        StoreError: not all of it could be listed.
        MlsecError: no such bucket, or the credentials are not accepted.
    """
    tree = _Tree(bucket.prefix, most)
    for entry in bucket.objects():
        if isinstance(entry, Entry) and not tree.add(entry.key):
            return (Area(prefix=bucket.prefix),)
    return tuple(_apart(tree.close(), most))


class _Node(msgspec.Struct, kw_only=True):
    """What is known of the names that begin with ``prefix``.

    Names are taken here without what follows their last slash, so ``own`` counts the objects that
    lie in the folder ``prefix`` itself. ``below`` are longer beginnings, ``next`` their first
    letters. ``served`` are the folders whose folder ``code``, which belongs to them, lies here.
    """

    prefix: str
    count: int = 0
    own: int = 0
    is_marked: bool = False
    below: list[_Node] = msgspec.field(default_factory=list)
    next: set[str] = msgspec.field(default_factory=set)
    served: set[str] = msgspec.field(default_factory=set)


class _Tree:
    """Counts a listing as it comes, and forgets of its beginnings what need not be taken apart.

    That takes a listing in which all names with one beginning come one after another, as those of
    all services do that sort by name or by folder.
    """

    def __init__(self, prefix: str, most: int) -> None:
        self._most = most
        self._open = [_Node(prefix=prefix)]  # from the whole down to where the last object lies

    def add(self, key: str) -> bool:
        """Count an object; False where it comes out of order."""
        folder = key[: key.rfind("/") + 1]
        if len(folder) < len(self._open[0].prefix):
            folder = self._open[0].prefix  # a part of a name was asked for
        if self._open[-1].prefix.startswith(folder):
            node = self._around(folder)
        elif self._move(folder):
            node = self._open[-1]
        else:
            return False
        node.count += 1
        node.own += 1
        node.is_marked = node.is_marked or is_marker(key, None)
        return True

    def close(self) -> _Node:
        """Give the whole."""
        while len(self._open) > 1:
            self._close_last(0)
        return self._open[0]

    def _around(self, folder: str) -> _Node:
        """Give the node of a folder in which the last object lies, at whatever depth.

        A file may sort between the folders beside it, which does not end them.
        """
        at = next(n for n, node in enumerate(self._open) if len(node.prefix) >= len(folder))
        if self._open[at].prefix != folder:
            self._open.insert(at, _Node(prefix=folder))
        return self._open[at]

    def _move(self, folder: str) -> bool:
        shared = _shared(folder, self._open[-1].prefix)
        while len(self._open[-1].prefix) > shared:
            self._close_last(shared)
        above = self._open[-1]
        if len(folder) == shared:
            return True
        if folder[shared] in above.next:
            return False
        node = _Node(prefix=folder)
        if folder.endswith("/code/") or folder == "code/":
            node.served.add(folder.removesuffix("code/"))
        self._open.append(node)
        return True

    def _close_last(self, shared: int) -> None:
        """Put the last node into the one above it, or into a new one where both part."""
        node = self._open.pop()
        if node.count <= self._most:
            node.below.clear()
        if len(self._open[-1].prefix) < shared:
            self._open.append(_Node(prefix=node.prefix[:shared]))
        above = self._open[-1]
        above.count += node.count
        above.below.append(node)
        above.next.add(node.prefix[len(above.prefix)])
        above.served.update(name for name in node.served if len(name) <= len(above.prefix))


def _apart(node: _Node, most: int, *, is_whole: bool = True) -> Iterator[Area]:
    is_folder = node.prefix.endswith("/") or not node.prefix
    belongs_together = node.is_marked or node.prefix in node.served or not is_folder
    if node.count <= most or not node.below or (node.own and belongs_together):
        # Of "runs/a" what lies in runs/ itself is none: it stays with its neighbours there.
        is_all = is_whole or is_folder
        yield Area(prefix=node.prefix, within=Within.ALL if is_all else Within.BELOW)
        return
    if node.own:
        yield Area(prefix=node.prefix, within=Within.TOP)
    for below in node.below:
        yield from _apart(below, most, is_whole=False)


def _shared(folder: str, last: str) -> int:
    """Give how many first letters two names share."""
    differ = (
        number for number, pair in enumerate(zip(folder, last, strict=False)) if len({*pair}) > 1
    )
    return next(differ, min(len(folder), len(last)))
