"""What the command of an MCP server starts: a package, an image, or something of the machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

import msgspec

from mlsec.core.regex import regex

_ENDS = (".exe", ".cmd", ".ps1", ".bat")
# Options of the runners that take a value, which is no package.
_VALUED = frozenset({
    "-p", "--package", "--from", "--with", "--with-editable", "--with-requirements", "--python",
    "--index-url", "--extra-index-url", "--index", "--default-index", "--directory", "--project",
    "--spec", "--pip-args", "--registry", "--prefix", "--cache", "-c", "--call",
    "--refresh-package",
})  # fmt: skip
_NAMED = ("-p", "--package", "--from", "--spec")
# Options of docker run that take a value; the image is the first word after them.
_DOCKER_VALUED = frozenset({
    "-v", "--volume", "-e", "--env", "--env-file", "-p", "--publish", "--name", "--network",
    "--net", "--mount", "-u", "--user", "-w", "--workdir", "--entrypoint", "--add-host", "-l",
    "--label", "--platform", "--pull", "-m", "--memory", "--cpus", "--gpus", "--ipc", "--cap-add",
    "--cap-drop", "--security-opt", "--device", "--pid", "--restart", "--log-driver", "--log-opt",
    "--shm-size", "--tmpfs", "--ulimit", "-h", "--hostname", "--userns", "--runtime", "--dns",
    "--group-add", "--cgroupns", "--stop-signal", "--volumes-from", "-a", "--attach", "--cidfile",
})  # fmt: skip
# They run a file of the project in their own language: what is started is not the package.
_RUN_FILES = frozenset({"tsx", "ts-node", "ts-node-esm", "nodemon", "dotenv-cli", "cross-env"})
_EXACT = regex(r"v?\d+\.\d+(?:\.\d+)*(?:[.+-][0-9A-Za-z.+-]{1,80})?\Z")
_OFFICIAL_IMAGES = frozenset({
    "alpine", "busybox", "debian", "golang", "node", "python", "ruby", "rust", "ubuntu",
})  # fmt: skip
_HAS_DIGIT = regex(r"[^:]*\d")
_COMMIT = regex(r"[0-9a-f]{40}\Z")
_DRIVE = regex(r"[A-Za-z]:[\\/]")
_HOMES = frozenset({
    "~", "$HOME", "${HOME}", "${env:HOME}", "${userHome}", "%USERPROFILE%", "/root", "/home",
    "/Users", "${env:USERPROFILE}",
})  # fmt: skip
_HOME_OF = regex(r"(?:[A-Za-z]:)?/(?:home|Users)/[^/]+\Z")
_DISK = regex(r"(?:/|[A-Za-z]:/?|\$\{?[A-Z]*ROOT\}?)\Z")
_PREPARES = frozenset({"cd", "export", "set", "source", ".", "mkdir", "echo", "true", "umask"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash"})


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What a command starts.

    ``package`` is the package or image without its version, "" where the command starts something
    else; ``is_fixed`` says whether the version is one that does not move, None where that is not
    known. ``folders`` are the paths among its arguments, ``mounts`` those that it is given as a
    container; ``arguments`` follow the package.
    """

    runner: str = ""
    package: str = ""
    version: str = ""
    is_fixed: bool | None = None
    folders: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    why_unknown: str = ""


def started_by(command: str, arguments: Sequence[str]) -> Started:
    """Say what a command with its arguments starts."""
    words = [*_split(command), *arguments] if " " in command.strip() else [command, *arguments]
    own = _unwrapped(words)
    return Started(why_unknown="a shell decides what it starts") if own is None else _of(own)


def _of(words: list[str]) -> Started:
    name, rest = _base(words[0]), words[1:]
    if name in ("npx", "bunx", "pnpx") or words[:2] in (["npm", "exec"], ["bun", "x"]):
        return _from_npm(name, rest if name.endswith("x") else rest[1:])
    if name in ("pnpm", "yarn") and rest[:1] == ["dlx"]:
        return _from_npm(f"{name} dlx", rest[1:])
    if name == "uvx" or (name == "uv" and rest[:2] == ["tool", "run"]):
        return _from_pypi("uvx", rest if name == "uvx" else rest[2:])
    if name == "pipx" and rest[:1] == ["run"]:
        return _from_pypi("pipx", rest[1:])
    if name in ("docker", "podman", "nerdctl") and rest[:1] == ["run"]:
        return _container(name, rest[1:])
    return Started(folders=_paths(rest), arguments=tuple(rest))


def is_whole(path: str) -> bool:
    """Whether a path is the whole disk, or the whole home of a person."""
    written = path.strip().replace("\\", "/")
    written = written.rstrip("/") or "/"
    return bool(written in _HOMES or _DISK.match(written) or _HOME_OF.match(written))


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _unwrapped(words: list[str]) -> list[str] | None:
    """Give the command behind ``cmd /c``, ``env A=b`` and ``sh -c``; None for a whole script."""
    for _ in range(4):
        name, rest = _base(words[0]), words[1:]
        if name == "cmd" and rest and rest[0].lower() in ("/c", "/k"):
            words = rest[1:]
        elif name in ("env", "wsl", "sudo"):
            words = [word for n, word in enumerate(rest) if not _is_prefix(rest[: n + 1])]
        elif name in _SHELLS and any(word.startswith("-") and "c" in word for word in rest[:1]):
            script = rest[1] if len(rest) > 1 else ""
            words = _scripted(script)
        else:
            return words
        if not words:
            return None
        if len(words) == 1 and " " in words[0]:
            words = _split(words[0]) or [""]
    return words


def _scripted(script: str) -> list[str]:
    """Give the one command of a script that is not only there to prepare; none for more."""
    if re.search(r"[|`]|\$\(|&(?!&)(?<!&&)", script):
        return []
    parts = [_split(part) for part in re.split(r"&&|;|\n", script)]
    own = [words for words in parts if words and words[0] not in _PREPARES]
    if len(own) != 1:
        return []
    return own[0][1:] if own[0][0] == "exec" else own[0]


def _is_prefix(words: list[str]) -> bool:
    """Whether the last word still belongs to ``env``: all until there are options or variables."""
    return all(word.startswith("-") or "=" in word.partition("/")[0] for word in words)


def _base(word: str) -> str:
    name = word.replace("\\", "/").rpartition("/")[2].lower()
    return next((name[: -len(end)] for end in _ENDS if name.endswith(end)), name)


def _from_npm(runner: str, words: list[str]) -> Started:
    named, rest = _named(words)
    if not named or named in _RUN_FILES or _is_own(named):
        return Started(runner=runner, folders=_paths(rest), arguments=tuple(rest))
    if "/" in named and not named.startswith("@"):
        name, _, ref = named.partition("#")
        return _package(runner, name, ref, rest, is_fixed=bool(_COMMIT.match(ref)))
    name, _, version = named[1:].partition("@") if named.startswith("@") else named.partition("@")
    name = f"@{name}" if named.startswith("@") else name
    return _package(runner, name, version, rest, is_fixed=_is_exact(version))


def _from_pypi(runner: str, words: list[str]) -> Started:
    named, rest = _named(words)
    if not named or _is_own(named):
        return Started(runner=runner, folders=_paths(rest), arguments=tuple(rest))
    if "://" in named:
        address, _, ref = named.partition("://")[2].rpartition("@")
        if not address or "/" in ref:
            address, ref = f"{address}{'@' if address else ''}{ref}", ""
        return _package(runner, address, ref, rest, is_fixed=bool(_COMMIT.match(ref)))
    name, _, version = named.partition("==" if "==" in named else "@")
    name = re.split(r"[<>=!~\[]", name, maxsplit=1)[0].strip()
    return _package(runner, name, version, rest, is_fixed=_is_exact(version))


def _container(runner: str, words: list[str]) -> Started:
    mounts: list[str] = []
    at = 0
    while at < len(words) and words[at].startswith("-"):
        option, equals, value = words[at].partition("=")
        if not equals and option in _DOCKER_VALUED and at + 1 < len(words):
            at += 1
            value = words[at]
        if option in ("-v", "--volume", "--mount"):
            mounts.append(_source(option, value))
        at += 1
    image, rest = (words[at], words[at + 1 :]) if at < len(words) else ("", [])
    address, _, digest = image.partition("@")
    host, slash, last = address.rpartition("/")
    name, _, tag = last.partition(":")
    if not name or "$" in f"{host}{name}" or "{" in f"{host}{name}":
        return Started(runner=runner, mounts=tuple(mounts), why_unknown="its image is filled in")
    if "$" in tag or "{" in tag:
        return Started(runner=runner, package=f"{host}{slash}{name}", mounts=tuple(mounts),
                       why_unknown="its tag is filled in")  # fmt: skip
    is_fixed = bool(digest) or bool(_HAS_DIGIT.match(tag))
    if not host and name not in _OFFICIAL_IMAGES and not digest:
        # Docker's own registry has no other names without an owner: it was built on this machine.
        return Started(runner=runner, mounts=tuple(filter(None, mounts)), folders=_paths(rest),
                       arguments=tuple(rest))  # fmt: skip
    return Started(
        runner=runner, package=f"{host}{slash}{name}", version=digest or tag, is_fixed=is_fixed,
        mounts=tuple(filter(None, mounts)), folders=_paths(rest), arguments=tuple(rest),
    )  # fmt: skip


def _source(option: str, value: str) -> str:
    if option == "--mount":
        fields = dict(part.partition("=")[::2] for part in value.split(","))
        return fields.get("source") or fields.get("src") or ""
    drive = value[:2] if _DRIVE.match(value) else ""
    return drive + value[len(drive) :].partition(":")[0]


def _named(words: list[str]) -> tuple[str, list[str]]:
    """Give the package among the words of a runner, and what follows the options."""
    named, at = "", 0
    while at < len(words) and words[at].startswith("-"):
        option, equals, value = words[at].partition("=")
        if option == "--":
            at += 1
            break
        if not equals and option in _VALUED and at + 1 < len(words):
            at += 1
            value = words[at]
        if option in _NAMED and not named:
            named = value
        at += 1
    rest = words[at:]
    return (named, rest[1:]) if named else (rest[0] if rest else "", rest[1:])


def _package(
    runner: str, name: str, version: str, rest: Sequence[str], *, is_fixed: bool
) -> Started:
    if "$" in version or "{" in version or "{" in name or "$" in name:
        return Started(runner=runner, package=name, arguments=tuple(rest), folders=_paths(rest),
                       why_unknown="its version is filled in")  # fmt: skip
    return Started(
        runner=runner, package=name, version=version, is_fixed=is_fixed,
        folders=_paths(rest), arguments=tuple(rest),
    )  # fmt: skip


def _is_exact(version: str) -> bool:
    return bool(_EXACT.match(version))


def _is_own(name: str) -> bool:
    """Whether it is a file of the project itself, not a package from elsewhere."""
    return name.startswith((".", "/", "~", "file:")) or bool(_DRIVE.match(name))


def _paths(words: Sequence[str]) -> tuple[str, ...]:
    starts = ("/", "~", ".", "$HOME", "${HOME}", "${userHome}", "${env:HOME}", "%USERPROFILE%")
    return tuple(word for word in words if word.startswith(starts) or _DRIVE.match(word))
