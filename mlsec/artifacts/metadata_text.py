"""Texts in a model's metadata that are commands or code: harmless where they lie, but no words."""

from __future__ import annotations

import re

from mlsec.artifacts.code_blobs import find_code_in_text, note_code
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.closed_sets import Severity

_CODE = re.compile(
    r"""\bimport\s+(?:os|sys|subprocess|socket|base64|pickle|ctypes|pty)\s*[;\n]
    |\bos\.(?:system|popen|exec[lv]\w*)\s*\(|\bsubprocess\.\w+\s*\(|\b__import__\s*\(
    |(?<![\w.])(?:exec|eval)\s*\(|\bpickle\.loads\s*\(|\bb64decode\s*\(
    |<\s*(?:script|iframe)\b|\bjavascript:|\brm\s+-rf?\s|\bchmod\s+(?:\+x|[0-7]{3,4})\s
    |\b(?:curl|wget)\s+(?:-\w+\s+)*['"]?https?://|/bin/(?:ba|da|z)?sh\b|\bpowershell(?:\.exe)?\s
    |\bnc\s+-\w*e|/dev/tcp/|(?:\.\.[/\\]){2,}|\$\(\s*(?:curl|wget)|\bcmd(?:\.exe)?\s+/c""",
    re.VERBOSE | re.IGNORECASE,
)
LONGEST = 1 << 20


def judge_metadata(text: str, where: str, record: Recorder, *, offset: int = -1) -> None:
    """Note compiled code, and text that a shell, a browser or Python would run.

    Nothing runs metadata by itself: what shows or evaluates them would, so this is medium.
    """
    blob = find_code_in_text(text)
    if blob is not None:
        note_code(record, blob, f"the metadata {where}"[:80], offset=offset)
    found = _CODE.search(text, 0, LONGEST)
    if found:
        detail = f"the metadata {where!r:.60} hold commands or code instead of words"
        record.fact(
            FactKind.EMBEDDED_CODE,
            found.group()[:80],
            detail,
            offset=offset,
            danger=Severity.MEDIUM,
        )
