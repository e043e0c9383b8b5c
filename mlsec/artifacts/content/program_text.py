"""Recognises commands and code in the data of a file by words that only they have."""

from __future__ import annotations

import re
from itertools import islice

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.long_data import search_long
from mlsec.core.regex import regex

# Fetches and runs what it fetched, or gives a shell to another machine.
SHELL = regex(
    rb"\b(?:curl|wget)\b[^\n|]{0,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|/dev/tcp/\d|\bnc\s+-\w*e\s"
    rb"|\bbase64\s+(?:-d|--decode)[^\n|]{0,200}\|\s*(?:ba)?sh\b|\bpowershell(?:\.exe)?\s+-e(?:nc)?\w*\s"
    # Another shell or interpreter is given what was fetched: $(curl ...), <(curl ...), | python.
    rb"|(?:\beval\b|\b(?:ba|z|da)?sh\s+-\w*c|\bsource\b|\bpython[\d.]*\s+-c)[^\n]{0,40}\$\(\s*(?:curl|wget)\b"
    rb"|(?:\b(?:ba|z|da)?sh|\bsource|\.)\s+<\(\s*(?:curl|wget)\b"
    rb"|\b(?:curl|wget)\b[^\n|]{0,300}\|\s*(?:sudo\s+)?(?:python[\d.]*|perl|ruby|node)\b(?:\s+-)?\s*(?:$|[;&\n\"'])"
    # A shell whose words come from and go to another machine, keys that are sent or let in.
    rb"|\bmkfifo\b[^\n]{0,200}\bnc\s|\b(?:env|printenv)\s*\|\s*(?:curl|nc|wget)\b|>>?\s*\S{0,80}authorized_keys\b"
    rb"|\|\s*crontab\s+-|\b(?:curl|wget)\b[^\n]{0,200}(?:@|=)[^\s\"']{0,60}(?:\.aws/|\.ssh/|\.netrc|\.kube/|/etc/shadow|/etc/passwd)"
    rb"|\b(?:iwr|irm|curl|wget|Invoke-\w+)\b[^\n|]{0,200}\|\s*iex\b"
    rb"|\b(?:IEX|Invoke-Expression)\b[^\n]{0,200}Download|\brm\s+-rf\s+/(?:\s|$)",
    re.IGNORECASE | re.MULTILINE,
)
# A file is fetched into a place for passing things, made a program, and run.
FETCHED = regex(
    rb"\b(?:curl|wget)\b[^\n]{0,200}(/(?:tmp|var/tmp|dev/shm)/[\w.-]{1,40})\b"
    rb"[^\n]{0,80}(?:\n[^\n]{0,200}){0,3}?\bchmod\b[^\n]{0,30}\1\b"
)
# A program of Python on a command's line, which imports, decodes or runs something.
ON_A_LINE = regex(
    rb"\bpython[\d.]*\s+-c\s+[\\\"']{1,4}[^\n]{0,200}(?:\bos\.(?:system|popen)|\bsubprocess\b|__import__|\bexec\(|urlopen|\bsocket\b)"
)
# Each of these begins with a fixed word, which is looked for first: most data have none.
_WORDS = (
    b"__import__", b"os.system", b"os.popen", b"subprocess.", b"exec(", b"eval(", b"/dev/tcp/",
    b".loads(",
)  # fmt: skip
MOST_FOUND = 100
_SHELL_WORDS = (b"curl ", b"wget ", b"rm -rf /", b"authorized_keys", b"mkfifo", b"crontab -")
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
    rb"|\bos\.dup2\(\s*\w+\.fileno\b"
    rb"|\bdict\(os\.environ\)|(?:json|data|params)\s*=\s*(?:dict\()?os\.environ\b"
)


def shell_in(data: bytes) -> re.Match[bytes] | None:
    """The first command that fetches and runs code, or gives the machine or its keys away."""
    if match := search_long(SHELL, data):
        return match
    is_fetched = (b"curl" in data or b"wget" in data) and b"chmod" in data
    return (is_fetched and FETCHED.search(data)) or search_long(ON_A_LINE, data)


def program_in(data: bytes) -> re.Match[bytes] | None:
    """The first program text in bytes, if any."""
    if any(word in data for word in _WORDS) and (match := PROGRAM.search(data)):
        return match
    if any(word in data for word in _SHELL_WORDS):
        return search_long(SHELL, data)
    return None


def programs_in(data: bytes) -> list[re.Match[bytes]]:
    """The program texts in bytes, up to the number that is reported."""
    first = program_in(data)
    if first is None:
        return []
    every = [*islice(PROGRAM.finditer(data), MOST_FOUND), *islice(SHELL.finditer(data), MOST_FOUND)]
    return sorted([first, *every], key=lambda match: match.start())


def note_program(record: Recorder, match: re.Match[bytes], where: str, *, base: int = 0) -> None:
    """Note it. Nothing runs what a file only keeps: what evaluates it would, so this is medium."""
    text = match.group()[:80].decode("utf-8", "replace")
    detail = f"{where} is program text, which something must mean to run"
    at = base + match.start()
    record.fact(FactKind.EMBEDDED_CODE, text, detail, offset=at, danger=Severity.MEDIUM)
