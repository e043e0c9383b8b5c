"""Small git repositories to change, and one whose settings are an attack."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_WHO = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
}  # fmt: skip


def git(folder: Path, *words: str, must: bool = True) -> str:
    """Run git as a user would, with the repository's own settings."""
    done = subprocess.run(  # noqa: S603
        ["git", *words],  # noqa: S607
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), **_WHO},
        capture_output=True,
        text=True,
        check=must,
    )
    return done.stdout.strip()


def commit(folder: Path, files: dict[str, str], message: str = "x") -> str:
    """Write files (``""`` takes one away), commit them, and give the commit."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text:
            path.write_text(text)
        else:
            path.unlink()
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def repository(folder: Path, files: dict[str, str]) -> Path:
    """Make a repository with one commit on ``main``."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    commit(folder, files)
    return folder


def arm(folder: Path, canaries: Path) -> None:
    """Put into a repository's own settings every program that git may be made to start."""
    canaries.mkdir()

    def touch(name: str) -> str:
        return f"touch {canaries}/{name} #"

    hooks = folder / ".git" / "armed"
    hooks.mkdir()
    for name in (
        "post-index-change", "reference-transaction", "pre-auto-gc", "post-checkout",
        "fsmonitor-watchman",
    ):  # fmt: skip
        (hooks / name).write_text(f"#!/bin/sh\n{touch('hook-' + name)}\n")
        (hooks / name).chmod(0o755)
    settings = {
        "core.fsmonitor": touch("fsmonitor"),
        "core.hooksPath": str(hooks),
        "core.pager": touch("pager"),
        "pager.cat-file": touch("pager-cat-file"),
        "pager.ls-tree": touch("pager-ls-tree"),
        "core.editor": touch("editor"),
        "core.sshCommand": touch("ssh"),
        "core.gitProxy": touch("proxy"),
        "core.askPass": touch("askpass"),
        "core.alternateRefsCommand": touch("alternates"),
        "credential.helper": f"!{touch('credential')}",
        "diff.external": touch("diff-external"),
        "diff.x.command": touch("diff-command"),
        "diff.x.textconv": touch("textconv"),
        "filter.x.clean": f"{touch('clean')}\ncat",
        "filter.x.smudge": f"{touch('smudge')}\ncat",
        "filter.x.process": touch("process"),
        "gpg.program": touch("gpg"),
        "log.showSignature": "true",
        "uploadpack.packObjectsHook": touch("pack"),
        "alias.rev-parse": f"!{touch('alias')}",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
        "remote.origin.url": f"ext::sh -c touch% {canaries}/transport",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
        "core.worktree": "/",
    }
    for name, value in settings.items():
        git(folder, "config", name, value, must=False)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* filter=x diff=x\n")
