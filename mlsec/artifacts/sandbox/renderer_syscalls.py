"""The system calls of what renders: a library of Go in our own process, or a program that is run.

Both have threads, which readers have not. While a library is loaded, and once a program is run,
what they are made of can be opened too. Neither can start a process, open a socket or write a file.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from mlsec.artifacts.sandbox.syscalls import (
    ALLOW,
    ALLOWED,
    CHECKED,
    KILL,
    Check,
    Instruction,
    answered,
    architecture,
    checked,
    numbers,
    one_of,
    packed,
)

# Name, number on x86-64, number on aarch64. Source: Linux, asm/unistd_64.h, asm-generic/unistd.h.
_OF_THREADS = """
set_robust_list 273 99  rseq 334 293  rt_sigprocmask 14 135  rt_sigaction 13 134
sigaltstack 131 132  nanosleep 35 101  clock_nanosleep 230 115  sched_getaffinity 204 123
mincore 27 232  epoll_pwait 281 22  read 0 63  write 1 64
timer_create 222 107  timer_settime 223 110  timer_delete 226 111
"""
_OF_PROGRAMS = """
readv 19 65  writev 20 66  stat 4 -  lstat 6 -  fstat 5 80  newfstatat 262 79
statx 332 291  getdents64 217 61  readlink 89 -  readlinkat 267 78  access 21 -  faccessat 269 48
faccessat2 439 439  fcntl 72 25  arch_prctl 158 -  set_tid_address 218 96  pipe2 293 59
epoll_create1 291 20  epoll_ctl 233 21  eventfd2 290 19  uname 63 160
getuid 102 174  geteuid 107 175  getgid 104 176  getegid 108 177  getppid 110 173
sysinfo 99 179  pselect6 270 72  ppoll 271 73  poll 7 -
mmap 9 222  mprotect 10 226  ioctl 16 29  dup 32 23
"""
_RUNNING = "execve 59 221  execveat 322 281"
# What a process still has to give up once the library is loaded.
_GIVING_UP = """
setgroups 116 159  setresuid 117 147  setresgid 119 149  getresuid 118 148  capset 126 91
capget 125 90  prctl 157 167  seccomp 317 277  landlock_create_ruleset 444 444
landlock_add_rule 445 445  landlock_restrict_self 446 446
"""
_OPEN = "open 2 -  openat 257 56"
# O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND and the bit of O_TMPFILE that is its own.
_WRITING = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000
# Reading and writing reach what is open already: pipes, and what the library waits at.
# What glibc's pthread_create and Go's own runtime ask for: a thread of this process.
_THREAD_FLAGS = (0x3D_0F00, 0x5_0F00, 0x3D_0F00 | 0x0100_0000)
# The flags of the newer call lie in memory, where no filter looks; where it is not there, libraries
# take the older one.
_NO_SUCH_CALL = 0x0005_0000 | 38
_MAY_NOT = ("clone", "clone3")


class Renderer(enum.Enum):
    """What is locked in: a library while it is loaded and then, or a program that is run."""

    LOADING = "loading"
    LIBRARY = "library"
    PROGRAM = "program"


def renderer_filter(machine: str, process_id: int, kind: Renderer) -> bytes:
    """The filter as the kernel takes it."""
    of_readers = numbers(machine)
    more = dict(numbers(machine, _OF_THREADS))
    checks = {
        "recvmsg": (Check(0, 0),),
        "mmap": (Check(2, 4, is_mask=True),),
        "mprotect": (Check(2, 4, is_mask=True),),
        "prlimit64": (Check(0, 0),),
        "tgkill": (Check(0, process_id),),
    }
    lines = architecture(machine)
    if kind is not Renderer.LIBRARY:
        more |= numbers(machine, _OF_PROGRAMS)
        more |= numbers(machine, _RUNNING if kind is Renderer.PROGRAM else _GIVING_UP)
        checks = {name: check for name, check in checks.items() if name not in more}
        of_opening = numbers(machine, _OPEN)
        for name, argument in (("open", 1), ("openat", 2)):
            if name in of_opening:
                lines += checked(of_opening[name], (Check(argument, _WRITING, is_mask=True),))
    for name, check in checks.items():
        lines += checked(of_readers[name], check)
    lines += one_of(of_readers["clone"], 0, _THREAD_FLAGS)
    lines += answered(of_readers["clone3"], _NO_SUCH_CALL)
    lines += _all((*(of_readers[name] for name in ALLOWED), *more.values()), ALLOW)
    known = {*ALLOWED, *CHECKED, *more, *_MAY_NOT}
    lines += _all((of_readers[name] for name in of_readers if name not in known), KILL)
    return packed(lines)


def _all(calls: Iterable[int], action: int) -> list[Instruction]:
    return [line for number in calls for line in answered(number, action)]
