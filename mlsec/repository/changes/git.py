"""Asks git for objects of a repository whose settings may be an attack: nothing of them runs."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import distrust
from mlsec.core.programs import find_program, minimal_environment
from mlsec.core.sanitize import visible

TIMEOUT_S = 120.0
MAX_BYTES = 256 * 1024 * 1024
# What a repository's own settings can make git start: a file monitor, hooks, filters and drivers
# of diffs, a pager, an editor, an ssh or proxy command, a credential helper, a transport of a
# missing object, upkeep in the background. Only commands that read objects are asked, which use
# none of the filters and drivers; the rest is switched off one by one.
_SETTINGS = (
    "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.editor=false",
    "core.sshCommand=false", "core.gitProxy=", "core.askPass=false",
    "core.attributesFile=/dev/null", "core.alternateRefsCommand=false", "credential.helper=",
    "protocol.allow=never", "gc.auto=0",
    "maintenance.auto=false", "safe.bareRepository=explicit", "uploadpack.packObjectsHook=",
    # What is kept beside the objects to answer faster may say other parents than they do.
    "core.commitGraph=false",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_PAGER": "cat",
    "GIT_SSH_COMMAND": "false",
    "GIT_ASKPASS": "false",
    "LC_ALL": "C",
}


class Git:
    """One repository's objects. ``root`` is the folder that holds ``.git``."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        distrust((self.root,))
        self._program = find_program("git", "install git for --changed-since")

    def ask(self, *words: str, stdin: bytes = b"", limit_bytes: int = MAX_BYTES) -> bytes:
        """Give what a command printed.

        Raises:
            GitError: it ended badly.
            MlsecError: it took too long or said too much.
        """
        command = [self._program, "-C", str(self.root), "--no-pager", "--no-replace-objects"]
        for setting in _SETTINGS:
            command += ["-c", setting]
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said:
            asked.write(stdin)
            asked.seek(0)
            with subprocess.Popen(  # noqa: S603 - an absolute path; words are ours or checked
                [*command, *words],
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd="/",
                env=self._environment(),
            ) as process:
                body = self._read(process, words[0], limit_bytes)
            said.seek(0)
            reason = said.read(2000).decode("utf-8", "replace").strip()
        if process.returncode:
            raise GitError(words[0], reason, process.returncode)
        return body

    def _read(self, process: subprocess.Popen[bytes], verb: str, limit_bytes: int) -> bytes:
        timer = threading.Timer(TIMEOUT_S, process.kill)
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
            body = process.stdout.read(limit_bytes + 1)
            if len(body) > limit_bytes:
                process.kill()
                raise MlsecError(f"git {verb} gave more than {limit_bytes:,} bytes")
            process.wait()
        finally:
            is_late = not timer.is_alive()
            timer.cancel()
        if is_late:
            raise MlsecError(f"git {verb} took longer than {TIMEOUT_S:.0f} s")
        return body

    def _environment(self) -> dict[str, str]:
        # HOME stays: the user's own settings name the repositories of others that are trusted.
        return {
            **minimal_environment(), **_ENVIRONMENT,
            "GIT_CEILING_DIRECTORIES": str(self.root.parent),
        }  # fmt: skip


class GitError(MlsecError):
    """A git command ended badly; ``code`` is its exit code."""

    def __init__(self, verb: str, reason: str, code: int) -> None:
        first = visible(reason.splitlines()[0] if reason else f"exit {code}", 300)
        hint = ""
        if "dubious ownership" in reason:
            hint = "git config --global --add safe.directory FOLDER, if you trust its owner"
        super().__init__(f"git {verb}: {first}", hint=hint)
        self.code = code
