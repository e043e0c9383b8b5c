"""Files that are kept encrypted: nothing of them is known, and no secret stands there in clear."""

from __future__ import annotations

from mlsec.core.regex import regex

ENCRYPTED = "encrypted"
_BINARY = (b"\x00GITCRYPT\x00", b"CHARTMART-ENCRYPTED")
# In random bytes no text of that length stands; a mark before a text hides nothing.
_TEXT = regex(rb"[ -~]{16}")
_VAULT = regex(rb"\$ANSIBLE_VAULT;[\w.;-]{1,80}\r?\n[0-9a-f\r\n]+\s*")


def is_encrypted(body: bytes) -> bool:
    """Whether a whole file is what git-crypt, Plural or Ansible's vault makes of one."""
    for mark in _BINARY:
        if body.startswith(mark):
            return not _is_text(body) and _TEXT.search(body, len(mark)) is None
    return _VAULT.fullmatch(body) is not None


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x00" not in body
