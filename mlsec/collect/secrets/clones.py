"""Which clones of a script take what a branch holds just then, and not one fixed version."""

from __future__ import annotations

from mlsec.core.regex import regex

_CLONE = regex(r"(?i)\bgit\s+clone\b[^\n;|&]*")
_ADDRESS = regex(r"(?i)https?://")
_NAMED = regex(r"(?:\s-b|\s--branch)[\s=]+(\S{1,200})")
_TAKEN = regex(r"(?i)\bgit\s+(?:-C\s+\S{1,200}\s+)?(?:checkout|reset|switch)\s([^\n;|&]{1,300})")
_REF = regex(r"[^\s\"']{1,200}")
_VARIABLE = regex(r"\$\{?(\w{1,80})")
_BRANCHES = frozenset({"main", "master", "head", "develop", "devel", "dev", "trunk", "latest"})
# What a variable is called that holds one version.
_FIXED = regex(r"(?i)commit|sha|hash|rev|tag|version")
_TAGS = ("tags/", "refs/tags/")
# A commit, or a name with a number, which is how versions are tagged.
_VERSION = regex(r"(?i)[0-9a-f]{7,40}\Z|[^\d]{0,60}\d")


def clones_a_branch(script: str, after: str = "") -> bool:
    """Whether some clone is of a branch; ``after`` is what runs later in the same place.

    A clone is fixed by the tag that it names, or by a commit or tag that is taken before the next
    one.
    """
    clones = [match for match in _CLONE.finditer(script) if _ADDRESS.search(match[0])]
    for position, clone in enumerate(clones):
        if _is_fixed(next(iter(_NAMED.findall(clone[0])), "")):
            continue
        rest = f"{script[clone.end() :]}\n{_CLONE.split(after, maxsplit=1)[0]}"
        if position + 1 < len(clones):
            rest = script[clone.end() : clones[position + 1].start()]
        if not any(map(_takes_fixed, _TAKEN.findall(rest))):
            return True
    return False


def _takes_fixed(words: str) -> bool:
    refs = [word for word in _REF.findall(words) if not word.startswith("-")]
    return bool(refs) and _is_fixed(refs[-1])


def _is_fixed(ref: str) -> bool:
    """Whether a name is of one version; of a variable its own name says so."""
    if ref.startswith(_TAGS):
        return True
    variable = _VARIABLE.search(ref)
    if variable is not None:
        return _FIXED.search(variable[1]) is not None
    return ref.lower() not in _BRANCHES and _VERSION.match(ref) is not None
