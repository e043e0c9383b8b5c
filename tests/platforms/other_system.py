"""Starts Python on another system, as far as a Linux can stand in for it.

``python other_system.py SYSTEM EXECUTABLE WORDS...`` is ``python WORDS...`` (with ``-c`` or ``-m``
among them) where SYSTEM, ``darwin`` or ``win32``, lacks what Linux has. EXECUTABLE is what that
Python takes for itself: a program that starts this file again has the processes that are started
from there lack the same.
"""

import importlib.abc
import os
import resource
import sys
import sysconfig

# Of each module what Linux has and the other system lacks. Source: the pages of Python's library.
MAC_LACKS = {
    "os": """O_DIRECT O_NOATIME O_PATH O_TMPFILE copy_file_range eventfd getresgid getresuid
        getrandom getxattr listxattr memfd_create pidfd_open posix_fadvise posix_fallocate preadv
        pwritev removexattr sched_getaffinity sched_setaffinity setns setresgid setresuid setxattr
        splice unshare""",
    "resource": "prlimit",
    "select": "epoll",
    "signal": "pidfd_send_signal sigtimedwait sigwaitinfo",
    "socket": "AF_ALG AF_NETLINK AF_PACKET MSG_CMSG_CLOEXEC SOCK_CLOEXEC SOCK_NONBLOCK SO_PEERCRED",
}
WINDOWS_LACKS = {
    "os": """O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK WNOHANG chown fork forkpty getegid geteuid
        getgid getgroups getloadavg getresuid getuid killpg lchown openpty posix_spawn setsid
        sysconf uname wait4""",
    "select": "epoll poll",
    "signal": "SIGALRM SIGHUP SIGKILL SIGQUIT SIGUSR1 alarm setitimer",
    "socket": "AF_UNIX recv_fds send_fds",
}
MODULES_OF_UNIX = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty")
# What asks the kernel of Linux, by system calls and by files.
MODULES_OF_LINUX = ("mlsec.artifacts.sandbox.linux",)
FILES_OF_LINUX = ("/proc", "/sys", "/dev/shm")


class NotThere(importlib.abc.MetaPathFinder):
    """Says of some modules that there are none."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse them, and leave the others to those who find them."""
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def lack(names: dict[str, str], modules: tuple[str, ...]) -> None:
    """Take names out of modules, and modules out of Python."""
    for module, words in names.items():
        for word in words.split():
            vars(__import__(module)).pop(word, None)
    for name in modules:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, NotThere(modules))


def become_a_mac() -> None:
    """Lack what macOS lacks."""
    lack(MAC_LACKS, MODULES_OF_LINUX)
    os.supports_fd.discard(os.execve)
    host = os.uname().nodename
    os.uname = lambda: os.uname_result(("Darwin", host, "24.0.0", "Darwin", "arm64"))  # type: ignore[attr-defined]
    set_limit = resource.setrlimit

    def setrlimit(kind: int, values: tuple[int, int]) -> None:
        if kind == resource.RLIMIT_AS:
            raise ValueError("current limit exceeds maximum limit")
        set_limit(kind, values)

    resource.setrlimit = setrlimit  # type: ignore[assignment]
    sys.addaudithook(refuse_files_of_linux)
    # What urllib asks a Mac for proxies.
    proxies = type(sys)("_scproxy")
    vars(proxies).update(_get_proxies=dict, _get_proxy_settings=dict)
    sys.modules["_scproxy"] = proxies


def refuse_files_of_linux(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook for which these files are not there."""
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith(
        FILES_OF_LINUX
    ):
        raise FileNotFoundError(2, "No such file or directory", arguments[0])


def become(system: str, executable: str) -> None:
    """Make another system's Python of this one."""
    sysconfig.get_config_vars()  # it reads a file that is named after the system, once
    sys.platform, sys.executable = system, executable
    if system == "darwin":
        become_a_mac()
    else:
        os.name = "nt"
        lack(WINDOWS_LACKS, MODULES_OF_UNIX)


def main(system: str, executable: str, *words: str) -> None:
    """Start this Python again with the words of another one."""
    at = next(place for place, word in enumerate(words) if word in ("-c", "-m"))
    code = f"import runpy\nrunpy.run_path({__file__!r})['become']({system!r}, {executable!r})\n"
    if words[at] == "-m":
        code += f"runpy.run_module({words[at + 1]!r}, run_name='__main__', alter_sys=True)\n"
    else:
        code += words[at + 1]
    os.execv(sys.executable, [sys.executable, *words[:at], "-c", code, *words[at + 2 :]])  # noqa: S606 - itself


if __name__ == "__main__":
    main(*sys.argv[1:])
