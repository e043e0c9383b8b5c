"""The acts: each a raw system call that a reader has no business making, and what it is made on."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import struct
from collections.abc import Callable, Sequence

from tests.attacks.inside.numbers import NUMBERS

AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW = -100, 0x1000, 0x400
READ, WRITE_NEW = os.O_RDONLY, os.O_WRONLY | os.O_CREAT
SIZE = 4096
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
Result = tuple[int, int]
Argument = int | bytes | None


class Site:
    """Where the acts are tried: a folder, a process to reach, an address in it.

    ``folder`` holds the file ``sibling`` and the folder ``empty``.
    """

    def __init__(self, folder: str, victim: int, address: int) -> None:
        self.folder = os.fsencode(folder)
        self.victim, self.address = victim, address
        self.sibling, self.new = self.folder + b"/sibling", self.folder + b"/new"
        self.empty = self.folder + b"/empty"
        self.buffer = ctypes.create_string_buffer(SIZE)
        self.at = ctypes.addressof(self.buffer)
        self.low = low_page()
        self.code = _executable(INT_80)


def low_page() -> int:
    """A page whose address fits into 32 bits, for the system calls of another architecture."""
    return call("mmap", 0, SIZE, mmap.PROT_READ | mmap.PROT_WRITE, 0x62, -1, 0)[0]


def call(name: str, *arguments: Argument) -> Result:
    """Make a system call; gives its result and ``errno``."""
    words = [
        ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value)
        for value in (*arguments, *[0] * 6)[:6]
    ]
    ctypes.set_errno(0)
    result = int(_libc.syscall(ctypes.c_long(NUMBERS[name]), *words))
    return result, ctypes.get_errno()


# mov eax, edi; mov ebx, esi; mov ecx, edx; int 0x80; ret
INT_80 = b"\x53\x89\xf8\x89\xf3\x89\xd1\xcd\x80\x5b\xc3"


def _executable(code: bytes) -> Callable[..., int] | None:
    """Machine code that was there before the lock, as an exploit finds some in any library."""
    if os.uname().machine != "x86_64":
        return None
    page = mmap.mmap(-1, SIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    kept.append(page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)(address)


kept: list[mmap.mmap] = []


def _i386_creat(site: Site) -> Result:
    """``creat`` by the entry for 32-bit programs, where it has another number."""
    if site.code is None:
        return call("creat", site.new, 0o600) if "creat" in NUMBERS else (-1, 38)
    ctypes.memmove(site.low, site.new + b"\0", len(site.new) + 1)
    result = site.code(8, site.low, 0o600)
    return (result, 0) if result >= 0 else (-1, -result)


def _x32_getpid(site: Site) -> Result:
    del site
    ctypes.set_errno(0)
    return int(_libc.syscall(ctypes.c_long(NUMBERS["getpid"] | 0x4000_0000))), ctypes.get_errno()


def _vector(site: Site, data: bytes = b"") -> int:
    """An ``iovec`` in the buffer that points behind itself."""
    struct.pack_into("PP", site.buffer, 0, site.at + 64, 8)
    struct.pack_into("PP", site.buffer, 32, site.address, 8)
    site.buffer[64 : 64 + len(data)] = data
    return site.at


def _descriptor_message(site: Site) -> int:
    """A ``msghdr`` with one byte and a descriptor."""
    control = struct.pack("Niii", 20, 1, 1, 0)
    struct.pack_into("PP", site.buffer, 0, site.at + 256, 1)
    site.buffer[128 : 128 + len(control)] = control
    struct.pack_into("PIPNPNi", site.buffer, 300, 0, 0, site.at, 1, site.at + 128, 24, 0)
    return site.at + 300


def _action(site: Site) -> Result:
    struct.pack_into("PPPP", site.buffer, 0, signal.SIG_IGN, 0, 0, 0)
    return call("rt_sigaction", signal.SIGXCPU, site.at, 0, 8)


def _memory_file(site: Site) -> Result:
    """A program in memory, run by its descriptor."""
    descriptor, error = call("memfd_create", b"x", 0)
    if descriptor < 0:
        return descriptor, error
    return call("execveat", descriptor, b"", 0, 0, AT_EMPTY_PATH)


def _unlock(site: Site) -> Result:
    """A second filter that allows everything."""
    struct.pack_into("HBBI", site.buffer, 64, 6, 0, 0, 0x7FFF_0000)
    struct.pack_into("HP", site.buffer, 0, 1, site.at + 64)
    return call("seccomp", 1, 0, site.at)


def _openat2(site: Site) -> Result:
    struct.pack_into("QQQ", site.buffer, 0, READ, 0, 0)
    return call("openat2", AT_FDCWD, site.sibling, site.at, 24)


def _affinity(site: Site) -> Result:
    struct.pack_into("Q", site.buffer, 0, (1 << (os.cpu_count() or 1)) - 1)
    return call("sched_setaffinity", site.victim, 8, site.at)


def _limit(site: Site) -> Result:
    struct.pack_into("QQ", site.buffer, 0, 1 << 40, 1 << 40)
    return call("prlimit64", site.victim, 7, 0, site.at)


def _clone(site: Site) -> Result:
    return _parted(call("clone", signal.SIGCHLD, 0, 0, 0, 0))


def _fork(site: Site) -> Result:
    return _parted(call("fork"))


def _clone3(site: Site) -> Result:
    struct.pack_into("8Q", site.buffer, 0, 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    return _parted(call("clone3", site.at, 64))


def _parted(result: Result) -> Result:
    if result[0] == 0:
        os._exit(0)
    return result


def _executable_page(site: Site) -> Result:
    return call("mmap", 0, SIZE, 5, 0x22, -1, 0)


def _made_executable(name: str, *more: int) -> Callable[[Site], Result]:
    def act(site: Site) -> Result:
        page, _ = call("mmap", 0, SIZE, 3, 0x22, -1, 0)
        return call(name, page, SIZE, 5, *more)

    return act


def _of(name: str, *arguments: Argument | str) -> Callable[[Site], Result]:
    """An act of one call; words stand for what the site has."""

    def act(site: Site) -> Result:
        values = [getattr(site, item) if isinstance(item, str) else item for item in arguments]
        return call(name, *values)

    return act


Act = Callable[[Site], Result]
_ACTS: Sequence[tuple[str, str, Act]] = (
    ("open-shadow", "openat", _of("openat", AT_FDCWD, b"/etc/shadow", READ)),
    ("open-sibling", "openat", _of("openat", AT_FDCWD, "sibling", READ)),
    ("open-sibling-old", "open", _of("open", "sibling", READ)),
    ("open-sibling-openat2", "openat2", _openat2),
    ("open-own-standard-input", "openat", _of("openat", AT_FDCWD, b"/proc/self/fd/1", os.O_RDWR)),
    ("open-for-writing", "openat", _of("openat", AT_FDCWD, "sibling", os.O_WRONLY)),
    ("create", "openat", _of("openat", AT_FDCWD, "new", WRITE_NEW, 0o600)),
    ("creat", "creat", _of("creat", "new", 0o600)),
    ("own-memory", "openat", _of("openat", AT_FDCWD, b"/proc/self/mem", os.O_RDWR)),
    ("kernel-setting", "openat",
     _of("openat", AT_FDCWD, b"/proc/sys/kernel/core_pattern", os.O_WRONLY)),
    ("first-process-memory", "openat", _of("openat", AT_FDCWD, b"/proc/1/mem", os.O_RDWR)),
    ("terminal", "openat", _of("openat", AT_FDCWD, b"/dev/ptmx", os.O_RDWR)),
    ("unlink", "unlink", _of("unlink", "sibling")),
    ("unlinkat", "unlinkat", _of("unlinkat", AT_FDCWD, "sibling", 0)),
    ("rename", "rename", _of("rename", "sibling", "new")),
    ("renameat2", "renameat2", _of("renameat2", AT_FDCWD, "sibling", AT_FDCWD, "new", 0)),
    ("link", "link", _of("link", "sibling", "new")),
    ("linkat", "linkat", _of("linkat", AT_FDCWD, "sibling", AT_FDCWD, "new", 0)),
    ("symlink", "symlink", _of("symlink", b"/etc/shadow", "new")),
    ("symlinkat", "symlinkat", _of("symlinkat", b"/etc/shadow", AT_FDCWD, "new")),
    ("mkdir", "mkdir", _of("mkdir", "new", 0o700)),
    ("mkdirat", "mkdirat", _of("mkdirat", AT_FDCWD, "new", 0o700)),
    ("rmdir", "rmdir", _of("rmdir", "empty")),
    ("mknod-pipe", "mknodat", _of("mknodat", AT_FDCWD, "new", 0o010600, 0)),
    ("mknod-disk", "mknodat", _of("mknodat", AT_FDCWD, "new", 0o060600, 0x0800)),
    ("chmod", "chmod", _of("chmod", "sibling", 0o4777)),
    ("fchmodat", "fchmodat", _of("fchmodat", AT_FDCWD, "sibling", 0o4777)),
    ("chown", "chown", _of("chown", "sibling", -1, -1)),
    ("fchownat", "fchownat", _of("fchownat", AT_FDCWD, "sibling", -1, -1, 0)),
    ("truncate", "truncate", _of("truncate", "sibling", 0)),
    ("utimensat", "utimensat", _of("utimensat", AT_FDCWD, "sibling", 0, 0)),
    ("setxattr", "setxattr", _of("setxattr", "sibling", b"user.x", b"x", 1, 0)),
    ("stat-sibling", "newfstatat", _of("newfstatat", AT_FDCWD, "sibling", "at", 0)),
    ("stat-own-descriptor", "newfstatat", _of("newfstatat", 0, b"", "at", AT_EMPTY_PATH)),
    ("statx", "statx", _of("statx", AT_FDCWD, "sibling", 0, 0x7FF, "at")),
    ("faccessat", "faccessat", _of("faccessat", AT_FDCWD, "sibling", 0)),
    ("readlinkat", "readlinkat", _of("readlinkat", AT_FDCWD, b"/proc/self/exe", "at", 64)),
    ("chdir", "chdir", _of("chdir", "folder")),
    ("write-elsewhere", "write", _of("write", 2, b"x", 1)),
    ("duplicate-descriptor", "fcntl", _of("fcntl", 1, 0, 0)),
    ("dup", "dup", _of("dup", 1)),
    ("ioctl-terminal-input", "ioctl", _of("ioctl", 0, 0x5412, b"x")),
    ("ioctl-bytes-waiting", "ioctl", _of("ioctl", 0, 0x541B, "at")),
    ("socket-inet", "socket", _of("socket", 2, 1, 0)),
    ("socket-inet-datagram", "socket", _of("socket", 2, 2, 0)),
    ("socket-inet6", "socket", _of("socket", 10, 1, 0)),
    ("socket-unix", "socket", _of("socket", 1, 1, 0)),
    ("socket-netlink", "socket", _of("socket", 16, 3, 0)),
    ("socket-packet", "socket", _of("socket", 17, 3, 0)),
    ("socketpair", "socketpair", _of("socketpair", 1, 1, 0, "at")),
    ("connect", "connect", _of("connect", 0, b"\x01\x00/run/x", 8)),
    ("bind", "bind", _of("bind", 0, b"\x01\x00\x00xyz", 6)),
    ("sendto", "sendto", _of("sendto", 0, b"x", 1, 0x40, 0, 0)),
    ("send-descriptor", "sendmsg", lambda site: call("sendmsg", 0, _descriptor_message(site), 64)),
    ("ptrace-me", "ptrace", _of("ptrace", 0, 0, 0, 0)),
    ("ptrace-attach", "ptrace", _of("ptrace", 0x4206, "victim", 0, 0)),
    ("read-other-memory", "process_vm_readv",
     lambda site: call("process_vm_readv", site.victim, _vector(site), 1, site.at + 32, 1, 0)),
    ("write-other-memory", "process_vm_writev",
     lambda site: call("process_vm_writev", site.victim, _vector(site, b"overrun!"), 1,
                       site.at + 32, 1, 0)),
    ("kill", "kill", _of("kill", "victim", signal.SIGCONT)),
    ("kill-everything-probe", "kill", _of("kill", -1, 0)),
    ("tgkill", "tgkill", _of("tgkill", "victim", "victim", signal.SIGCONT)),
    ("tkill", "tkill", _of("tkill", "victim", signal.SIGCONT)),
    ("pidfd_open", "pidfd_open", _of("pidfd_open", "victim", 0)),
    ("limits-of-another", "prlimit64", _limit),
    ("processors-of-another", "sched_setaffinity", _affinity),
    ("priority-of-another", "setpriority", _of("setpriority", 0, "victim", 5)),
    ("execve", "execve", _of("execve", b"/bin/false", 0, 0)),
    ("execveat", "execveat", _of("execveat", AT_FDCWD, b"/bin/false", 0, 0, 0)),
    ("execute-from-memory", "memfd_create", _memory_file),
    ("fork", "fork", _fork),
    ("clone", "clone", _clone),
    ("clone3", "clone3", _clone3),
    ("mount", "mount", _of("mount", b"none", "empty", b"tmpfs", 0, 0)),
    ("umount", "umount2", _of("umount2", "empty", 0)),
    ("open_tree", "open_tree", _of("open_tree", AT_FDCWD, "folder", 0)),
    ("fsopen", "fsopen", _of("fsopen", b"tmpfs", 0)),
    ("unshare-user", "unshare", _of("unshare", 0x1000_0000)),
    ("unshare-network", "unshare", _of("unshare", 0x4000_0000)),
    ("setns", "setns", _of("setns", 0, 0)),
    ("chroot", "chroot", _of("chroot", "empty")),
    ("pivot_root", "pivot_root", _of("pivot_root", "empty", "empty")),
    ("bpf", "bpf", lambda site: call("bpf", 0, site.at, 72)),
    ("perf_event_open", "perf_event_open",
     lambda site: call("perf_event_open", _perf(site), 0, -1, -1, 0)),
    ("userfaultfd", "userfaultfd", _of("userfaultfd", 1)),
    ("io_uring_setup", "io_uring_setup", _of("io_uring_setup", 1, "at")),
    ("keyctl", "keyctl", _of("keyctl", 0, -3, 1)),
    ("add_key", "add_key", _of("add_key", b"user", b"x", b"x", 1, -2)),
    ("prctl-dumpable", "prctl", _of("prctl", 4, 1, 0, 0, 0)),
    ("prctl-outlive-parent", "prctl", _of("prctl", 1, 0, 0, 0, 0)),
    ("prctl-name", "prctl", _of("prctl", 15, b"sshd", 0, 0, 0)),
    ("filter-over-filter", "seccomp", _unlock),
    ("setuid", "setuid", _of("setuid", 0)),
    ("setresuid", "setresuid", _of("setresuid", 0, 0, 0)),
    ("setgroups", "setgroups", _of("setgroups", 0, 0)),
    ("capset", "capset", lambda site: call("capset", _capabilities(site), site.at + 16)),
    ("personality", "personality", _of("personality", 0x0040_0000)),
    ("reboot", "reboot", _of("reboot", 1, 2, 3, 0)),
    ("kexec_load", "kexec_load", _of("kexec_load", 0, 17, 0, 0xFFFF)),
    ("init_module", "init_module", _of("init_module", "at", 64, b"")),
    ("delete_module", "delete_module", _of("delete_module", b"no-such-module", os.O_NONBLOCK)),
    ("name_to_handle_at", "name_to_handle_at",
     lambda site: call("name_to_handle_at", AT_FDCWD, site.sibling, _handle(site), site.at + 256,
                       0)),
    ("open_by_handle_at", "open_by_handle_at",
     lambda site: call("open_by_handle_at", AT_FDCWD, _handle(site), READ)),
    ("executable-page", "mmap", _executable_page),
    ("page-made-executable", "mprotect", _made_executable("mprotect")),
    ("page-made-executable-by-key", "pkey_mprotect", _made_executable("pkey_mprotect", -1)),
    ("shared-memory", "shmget", _of("shmget", 0, 0, 0o1600)),
    ("message-queue", "msgget", _of("msgget", 0x7FFF_FFFF, 0)),
    ("inotify", "inotify_init1", _of("inotify_init1", 0)),
    ("fanotify", "fanotify_init", _of("fanotify_init", 0, 0)),
    ("eventfd", "eventfd2", _of("eventfd2", 0, 0)),
    ("pipe", "pipe2", _of("pipe2", "at", 0)),
    ("epoll", "epoll_create1", _of("epoll_create1", 0)),
    ("ignore-the-time-limit", "rt_sigaction", _action),
    ("sethostname", "sethostname", _of("sethostname", b"", -1)),
    ("kernel-log", "syslog", _of("syslog", 10, 0, 0)),
    ("swapon", "swapon", _of("swapon", "empty", 0)),
    ("acct", "acct", _of("acct", "empty")),
    ("quotactl", "quotactl", _of("quotactl", -1, "sibling", 0, 0)),
    ("settimeofday", "settimeofday", lambda site: call("settimeofday", _bad_time(site), 0)),
    ("other-architecture-creat", "getpid", _i386_creat),
    ("x32-getpid", "getpid", _x32_getpid),
)  # fmt: skip
ACTS = {name: act for name, needs, act in _ACTS if needs in NUMBERS}


def _perf(site: Site) -> int:
    struct.pack_into("IIQ", site.buffer, 0, 1, 112, 0)
    struct.pack_into("Q", site.buffer, 40, 1 | 1 << 5 | 1 << 6)  # of this process, in user mode
    return site.at


def _handle(site: Site) -> int:
    struct.pack_into("Ii", site.buffer, 0, 128, 1)
    return site.at


def _bad_time(site: Site) -> int:
    struct.pack_into("qq", site.buffer, 0, 0, -1)
    return site.at


def _capabilities(site: Site) -> int:
    struct.pack_into("Ii", site.buffer, 0, 0x2008_0522, 0)
    return site.at
