"""Recorded evidence told with changes: the same company, with something in it that is different."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.snapshot.folder import import_folder


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the answers of one operation, where region and parameters are as given.

    ``change`` gets the answer ({} where none was given, which is an answer from then on).
    """

    operation: str
    change: Callable[[dict[str, Any]], None]
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)
    region: str = ""

    def fits(self, line: Mapping[str, Any]) -> bool:
        """Whether this is about the call."""
        params = line.get("params", {})
        return (
            line["operation"] == self.operation
            and (not self.region or line.get("region", "") == self.region)
            and all(params.get(name) == value for name, value in self.params.items())
        )


def retell(folder: Path, target: Path, edits: Iterable[Edit]) -> None:
    """Write the snapshot ``target`` from the readable evidence in ``folder`` and the edits."""
    draft = target.with_suffix(".folder")
    shutil.copytree(folder, draft)
    calls = draft / "calls.jsonl"
    lines = [json.loads(line) for line in calls.read_text("utf-8").splitlines()]
    for edit in edits:
        meant = [line for line in lines if edit.fits(line)]
        assert meant, f"nothing recorded of {edit.operation} {edit.params}"
        for line in meant:
            for key in ("status", "reason", "error_code", "right", "detail"):
                line.pop(key, None)
            edit.change(line.setdefault("answer", {}))
    calls.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    import_folder(draft, target)
