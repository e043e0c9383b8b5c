"""What a start-up script does that a reviewer would stop at, without keeping the script."""

from __future__ import annotations

import base64
import binascii
import re

from mlsec.collect.secrets.clones import clones_a_branch
from mlsec.core.regex import regex

# What lies between goes up to the next such word: from there it is looked at again.
_FETCH = r"\b(?:curl|wget|fetch)\b(?:(?!\b(?:curl|wget|fetch)\b)[^\n|;])*\|\s*+"
_SUDO = r"(?:sudo\s+(?:-\S+\s+)*)?"
_SHELL = r"(?:(?:ba|z|da|k)?sh|python[\d.]*|perl|ruby|node)\b"
_PIP = r"\bpip[\d.]*\s+install\b(?:(?!\bpip\b)[^\n;|])*"
_B64 = r"base64\s+(?:-d|-D|--decode)"
_SIGNS = (
    ("pipe-to-shell", _FETCH + _SUDO + _SHELL),
    ("pipe-to-shell", r"\b(?:ba|z|da)?sh\s+(?:-c\s+)?[\"']?(?:<\(|\$\()\s*(?:curl|wget)\b"),
    ("base64-to-shell", _B64 + r"(?:(?!base64)[^\n])*\|\s*" + _SUDO + _SHELL),
    ("base64-to-shell", r"\beval\b(?:(?!\beval\b)[^\n])*" + _B64),
    ("base64-to-shell", r"exec\s*\(\s*(?:base64\.)?b64decode"),
    ("plain-http-download", r"\b(?:curl|wget|pip\d?\s+install|git\s+clone)\b[^\n;|]*\bhttp://"),
    ("unpinned-download", _PIP + r"git\+(?:https?|ssh)://(?:[^\s@/;]+@)?[^\s@;]+(?:\s|$|;)"),
    ("unpinned-download", _PIP + r"https?://[^\s]+/(?:main|master|HEAD|latest)\b"),
    ("extra-index", r"--extra-index-url\b"),
    ("untrusted-tls", r"--trusted-host\b|--no-check-certificate\b"),
    ("untrusted-tls", r"\bcurl\b(?:(?!\bcurl\b)[^\n;|])*\s(?:-k|--insecure)\b"),
    (
        "reverse-shell",
        r"/dev/tcp/|\bn(?:c|cat)\b(?:(?!\bn(?:c|cat)\b)[^\n;|])*\s-e\s|\bpty\.spawn\b",
    ),
    ("world-writable", r"\bchmod\s+(?:-R\s+)?(?:0?777|a\+w)\b"),
    ("adds-ssh-key", r"authorized_keys\b"),
    ("cron-persistence", r"\bcrontab\b|/etc/cron"),
)
_COMPILED = tuple((sign, regex(form, re.IGNORECASE)) for sign, form in _SIGNS)
_MOST_CHARS = 200_000


def script_signs(script: str, after: str = "") -> list[str]:
    """Name what a script does, sorted. Comment lines are left out: they do not run.

    ``after`` runs later in the same place, and may say which version of a clone is used.
    """
    lines = [
        line for line in script[:_MOST_CHARS].splitlines() if not line.lstrip().startswith("#")
    ]
    body = "\n".join(lines).replace("\\\n", " ")
    signs = {sign for sign, form in _COMPILED if form.search(body)}
    return sorted(signs | ({"unpinned-download"} if clones_a_branch(body, after) else set()))


def script_text(text: str) -> str:
    """Give a script that came as base64 in clear; any other text as it is."""
    compact = "".join(text.split())
    if len(compact) < 16 or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", compact):
        return text
    try:
        return base64.b64decode(compact, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return text
