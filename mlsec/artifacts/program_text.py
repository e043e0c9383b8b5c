"""Program text in what a file only keeps: words that can be nothing but commands or code."""

from __future__ import annotations

import re

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.closed_sets import Severity
from mlsec.core.regex import regex

# Fetches and runs what it fetched, or gives a shell to another machine.
SHELL = regex(
    rb"\b(?:curl|wget)\b[^\n|]{0,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|/dev/tcp/\d|\bnc\s+-\w*e\s"
    rb"|\bbase64\s+(?:-d|--decode)[^\n|]{0,200}\|\s*(?:ba)?sh\b|\bpowershell(?:\.exe)?\s+-e(?:nc)?\w*\s"
    rb"|\b(?:IEX|Invoke-Expression)\b[^\n]{0,200}Download|\brm\s+-rf\s+/(?:\s|$)",
    re.IGNORECASE,
)
# Each of these begins with a fixed word, which is looked for first: most data have none.
_WORDS = (
    b"__import__", b"os.system", b"os.popen", b"subprocess.", b"exec(", b"eval(", b"/dev/tcp/",
    b".loads(",
)  # fmt: skip
_SHELL_WORDS = (b"curl ", b"wget ", b"rm -rf /")
PROGRAM = regex(
    rb"\b__import__\s*\(\s*['\"]|\bos\.(?:system|popen)\s*\(|/dev/tcp/\d|\b(?:pickle|marshal)\.loads\s*\("
    rb"|\bsubprocess\.(?:Popen|run|call|check_\w+|getoutput)\s*\("
    rb"|(?<![\w.])(?:exec|eval)\(\s*(?:__import__|base64|codecs|zlib|marshal|bytes|compile|open"
    rb"|requests|urllib|b64decode|input)\b"
)


# Runs what it decoded or fetched, or hides what it imports: no honest cell of a notebook does.
HIDDEN = regex(
    rb"(?<![\w.])(?:exec|eval)\(\s*(?:__import__|base64|codecs|zlib|marshal|requests|urllib|b64decode)\b"
    rb"|\b(?:pickle|dill|marshal)\.loads\(\s*(?:requests|urllib|urlopen)\b"
    rb"|\b__import__\(\s*['\"](?:os|subprocess|base64|pty|socket|ctypes)['\"]\s*\)\s*\."
    rb"|\bdict\(os\.environ\)|(?:json|data|params)\s*=\s*(?:dict\()?os\.environ\b"
)


def program_in(data: bytes) -> re.Match[bytes] | None:
    """The first program text in bytes; None where there is none."""
    if any(word in data for word in _WORDS) and (found := PROGRAM.search(data)):
        return found
    if any(word in data for word in _SHELL_WORDS):
        return SHELL.search(data)
    return None


def note_program(record: Recorder, found: re.Match[bytes], where: str, *, base: int = 0) -> None:
    """Note it. Nothing runs what a file only keeps: what evaluates it would, so this is medium."""
    text = found.group()[:80].decode("utf-8", "replace")
    detail = f"{where} is program text, which something must mean to run"
    at = base + found.start()
    record.fact(FactKind.EMBEDDED_CODE, text, detail, offset=at, danger=Severity.MEDIUM)
