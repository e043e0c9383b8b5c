"""Checks the trees of a LightGBM model: LightGBM uses their numbers as indices without a check.

Source: LightGBM ``src/io/tree.cpp``, ``include/LightGBM/tree.h``; GHSA-wvg4-4w35-4jc9 (a child
beyond the leaves is written to, one beyond the nodes is read), issues 7357, 7437 and 7438 there.
CVE-2024-43598 is another one: it is of training on several machines, and of no model file.
"""

from __future__ import annotations

from collections import Counter

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

_HEADER = b"max_feature_idx"
_KEPT = frozenset((
    b"num_leaves", b"num_cat", b"split_feature", b"threshold", b"decision_type", b"left_child",
    b"right_child", b"leaf_value", b"cat_boundaries", b"cat_threshold",
))  # fmt: skip
_ENDS = (b"Tree=", b"end of trees")
_MOST, _NOTED = 1 << 26, 20
_IS_CATEGORICAL = 1


class Trees:
    """The trees of a model, checked one by one as their lines come."""

    def __init__(self, record: Recorder) -> None:
        self._record = record
        self._tree: dict[bytes, bytes] = {}
        self._title = ""
        self._at = -1
        self._most_feature = -1
        self._noted = 0

    def line(self, line: bytes, at: int) -> None:
        """Take the next line, which begins at ``at``."""
        if line.startswith(_ENDS):
            self.finish()
            self._title = line.decode("ascii", "replace").strip()[:40]
            self._at = at
            return
        key, mark, value = line.partition(b"=")
        if mark and key in _KEPT and self._at >= 0:
            self._tree[key] = value
        elif mark and key == _HEADER and self._at < 0:
            self._most_feature = _numbers(value, 1)[0] if _numbers(value, 1) else -1

    def finish(self) -> None:
        """Check the tree whose lines have come."""
        tree, self._tree = self._tree, {}
        for problem in self._problems(tree) if b"num_leaves" in tree else ():
            if self._noted < _NOTED:
                detail = f"{problem}: LightGBM reads or writes beyond its memory by it"
                kind, danger = FactKind.BROKEN, Severity.HIGH
                self._record.fact(kind, self._title, detail, offset=self._at, danger=danger)
            self._noted += 1

    def _problems(self, tree: dict[bytes, bytes]) -> list[str]:
        leaves = (_numbers(tree[b"num_leaves"], 1) or [0])[0]
        if not 0 < leaves < _MOST:
            return [f"a tree of {leaves} leaves"]
        nodes = leaves - 1
        result = _children(tree, nodes, leaves)
        features = _numbers(tree.get(b"split_feature", b""), nodes)
        if 0 <= self._most_feature < max(features, default=0) or min(features, default=0) < 0:
            result.append(f"a split on a feature beyond the last one, {self._most_feature}")
        return [*result, *_categories(tree, nodes)]


def _children(tree: dict[bytes, bytes], nodes: int, leaves: int) -> list[str]:
    if not {b"left_child", b"right_child", b"leaf_value"} <= tree.keys():
        return []  # LightGBM refuses a tree that lacks one of them
    children: list[int] = []
    for key in (b"left_child", b"right_child"):
        given = _numbers(tree.get(key, b""), nodes)
        if len(given) < nodes:
            return [f"{key.decode()} has {len(given)} numbers for {nodes} nodes"]
        children += given
    result = []
    if wrong := next((child for child in children if child >= nodes or ~child >= leaves), None):
        result.append(f"the child {wrong} of a node, of {nodes} nodes and {leaves} leaves")
    inner = Counter(child for child in children if child >= 0)
    if inner[0] or any(count > 1 for count in inner.values()):
        result.append("a node that is its own descendant, or has two parents")
    values = len(tree.get(b"leaf_value", b"").split())
    if values < leaves:
        result.append(f"leaf_value has {values} numbers for {leaves} leaves")
    return result


def _categories(tree: dict[bytes, bytes], nodes: int) -> list[str]:
    """What splits on categories: each names a range of a table of bits."""
    kinds = _numbers(tree.get(b"decision_type", b""), nodes)
    if not any(kind & _IS_CATEGORICAL for kind in kinds):
        return []
    bounds = _numbers(tree.get(b"cat_boundaries", b""), _MOST)
    words = len(tree.get(b"cat_threshold", b"").split())
    if sorted(bounds) != bounds or (bounds and not 0 <= bounds[0] <= bounds[-1] <= words):
        return [f"cat_boundaries that lead beyond the {words} words of cat_threshold"]
    thresholds = tree.get(b"threshold", b"").split()[:nodes]
    chosen = [
        _whole(threshold)
        for threshold, kind in zip(thresholds, kinds, strict=False)
        if kind & _IS_CATEGORICAL
    ]
    last = len(bounds) - 2
    return [
        f"a split on the group {index} of categories, of {last + 1}"
        for index in chosen
        if not 0 <= index <= last
    ][:1]


def _numbers(text: bytes, most: int) -> list[int]:
    """The whole numbers of a line, at most so many, up to the first word that is not a number."""
    try:
        return [int(item) for item in text.split()[:most]]
    except ValueError:
        return []


def _whole(text: bytes) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return -1
