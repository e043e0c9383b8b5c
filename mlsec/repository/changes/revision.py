"""Which commit a revision names: one that could mean several is refused, and all are listed."""

from __future__ import annotations

import re

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.repository.changes.git import Git, GitError

HISTORY = "fetch more history: actions/checkout with fetch-depth: 0, GitLab with GIT_DEPTH: 0"
# In the order in which git looks, which takes the first; a tag comes before a branch.
# Source: gitrevisions(7).
_PLACES = (
    "{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD",
)  # fmt: skip
# A name, then steps to ancestors. Not: a search in messages (:/text, ^{/text}), which whoever
# writes commits decides, a range, a path (REV:path), and the log of this clone (@{1}).
_REVISION = re.compile(
    r"(?P<name>[^\x00-\x20\x7f~^:?*\[\\]+?)(?P<steps>(?:[~^]\d*|\^\{(?:commit)?\})*)"
)
_UPSTREAM = re.compile(r"(?P<branch>.*)@\{(?P<which>u|upstream|push)\}", re.I)
_HEX = re.compile(r"[0-9a-f]{4,64}")
_DESCRIBED = re.compile(r".+-g([0-9a-f]{4,64})")
_STATES = re.compile(r"[A-Z][A-Z_]*HEAD|HEAD")
_FULL = (40, 64)
_NAMED = 12


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A revision as it was asked for, the commit that it names, and by which full name."""

    asked: str
    commit: str
    name: str


def resolve(git: Git, asked: str) -> Revision:
    """Find the one commit that a revision names.

    Raises:
        MlsecError: no commit fits, or several do; the message lists them.
    """
    match = _REVISION.fullmatch(asked)
    if match is None or asked.startswith("-"):
        raise _unknown(asked)
    name, steps = match["name"], match["steps"]
    meanings = _candidates(git, name)
    commits = {}
    for full_name, object_id in meanings.items():
        commit = _commit_of(git, f"{object_id}{steps}")
        if commit:
            commits[f"{full_name}{steps}"] = commit
    if not commits:
        raise _unknown(asked)
    if len(set(commits.values())) > 1:
        listed = [f"{visible(full, 200)} is {commit}" for full, commit in commits.items()]
        more = f", and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        raise MlsecError(
            f'"{visible(asked, 120)}" is ambiguous: {", ".join(listed[:_NAMED])}{more}',
            hint="give the full name (refs/remotes/origin/main) or the full id of the commit",
        )
    full_name, commit = next(iter(commits.items()))
    return Revision(asked=asked, commit=commit, name=full_name)


def head_of(git: Git) -> str:
    """Give the commit that is checked out; git takes no tag of that name for it.

    Raises:
        MlsecError: nothing was committed yet.
    """
    commit = _commit_of(git, "HEAD")
    if not commit:
        raise MlsecError("HEAD has no commit yet", hint=HISTORY)
    return commit


def _unknown(asked: str) -> MlsecError:
    return MlsecError(f'git knows no revision "{visible(asked, 120)}"', hint=HISTORY)


def _candidates(git: Git, name: str) -> dict[str, str]:
    """Give everything that a name may mean: its full name, and the id of the object."""
    upstream = _UPSTREAM.fullmatch(name)
    if upstream is not None:
        return _upstream(git, upstream["branch"], upstream["which"].lower())
    if "@{" in name:
        return {}
    name = "HEAD" if name == "@" else name
    if _HEX.fullmatch(name) and len(name) in _FULL:
        return {name: name}  # git, too, takes a whole id for nothing else
    meanings = _refs(git, name)
    if _STATES.fullmatch(name):
        state = _ask(git, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
        if state and state not in meanings.values():
            meanings = {name: state, **meanings}
    part = _HEX.fullmatch(name.lower()) or _DESCRIBED.fullmatch(name)
    if part is not None:
        meanings.update(_abbreviated(git, part[part.lastindex or 0]))
    return meanings


def _refs(git: Git, name: str) -> dict[str, str]:
    """Give the branches, tags and so on that a short name fits."""
    wanted = [place.format(name) for place in _PLACES]
    wanted = [full for full in wanted if full.startswith("refs/")]
    listed = _ask(git, "for-each-ref", "--format=%(refname) %(objectname)", "--", *wanted)
    meanings = dict(line.rsplit(" ", 1) for line in listed.splitlines())
    return {full: meanings[full] for full in wanted if full in meanings}


def _upstream(git: Git, branch: str, which: str) -> dict[str, str]:
    full = f"refs/heads/{branch}"
    if not branch or branch in ("@", "HEAD"):
        full = _ask(git, "symbolic-ref", "--quiet", "HEAD")
    if full not in _refs(git, full):
        return {}
    what = "push" if which == "push" else "upstream"
    # Asked of the branch itself, so that no name has to be looked up again.
    listed = _ask(git, "for-each-ref", f"--format=%(refname) %({what})", "--", full)
    said = dict(line.rsplit(" ", 1) for line in listed.splitlines()).get(full, "")
    return {name: object_id for name, object_id in _refs(git, said).items() if name == said}


def _abbreviated(git: Git, digits: str) -> dict[str, str]:
    """Give the commits, and tags of commits, whose ids begin so."""
    listed = _ask(git, "rev-parse", f"--disambiguate={digits}").split()
    wanted = "".join(f"{object_id}^{{commit}}\n" for object_id in listed).encode()
    kinds = git.ask("cat-file", "--batch-check", stdin=wanted).decode("ascii", "replace")
    return {
        object_id: object_id
        for object_id, kind in zip(listed, kinds.splitlines(), strict=True)
        if kind.split()[1:2] == ["commit"]
    }


def _commit_of(git: Git, expression: str) -> str:
    """Give the commit that an expression over a whole object id leads to, "" for none."""
    return _ask(git, "rev-parse", "--verify", "--quiet", "--end-of-options",
                f"{expression}^{{commit}}")  # fmt: skip


def _ask(git: Git, *words: str) -> str:
    """Give what git answers, "" where it knows nothing.

    Raises:
        GitError: the repository cannot be used at all.
    """
    try:
        return git.ask(*words).decode("utf-8", "surrogateescape").strip()
    except GitError as error:
        if error.hint:
            raise
        return ""
