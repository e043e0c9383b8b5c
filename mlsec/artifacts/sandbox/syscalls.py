"""The system calls of a reading process as a seccomp filter: an allow-list with checked arguments.

Written here because no library fits: pyseccomp (2021) and libseccomp's own binding need
libseccomp.so on the machine, which neither slim images nor Alpine have, and the filter is fixed.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

# Name, number on x86-64, number on aarch64. Source: Linux, asm/unistd_64.h, asm-generic/unistd.h.
_NUMBERS = """
exit 60 93  exit_group 231 94  rt_sigreturn 15 139  restart_syscall 219 128  brk 12 214
munmap 11 215  mremap 25 216  madvise 28 233  futex 202 98  clock_gettime 228 113
clock_getres 229 114  gettimeofday 96 169  getrandom 318 278  close 3 57  lseek 8 62
pread64 17 67  sched_yield 24 124  getpid 39 172  gettid 186 178  getcwd 79 17
recvmsg 47 212  write 1 64  mmap 9 222  mprotect 10 226  prlimit64 302 261  tgkill 234 131
tkill 200 130
execve 59 221  execveat 322 281  fork 57 -  vfork 58 -  clone 56 220  clone3 435 435
ptrace 101 117  process_vm_readv 310 270  process_vm_writev 311 271  kill 62 129
pidfd_open 434 434  pidfd_getfd 438 438  pidfd_send_signal 424 424  rt_sigqueueinfo 129 138
socket 41 198  socketpair 53 199  connect 42 203  bind 49 200  sendto 44 206  sendmsg 46 211
mount 165 40  umount2 166 39  move_mount 429 429  open_tree 428 428  fsopen 430 430
mount_setattr 442 442  unshare 272 97  setns 308 268  chroot 161 51  pivot_root 155 41
bpf 321 280  perf_event_open 298 241  userfaultfd 323 282  io_uring_setup 425 425
keyctl 250 219  add_key 248 217  request_key 249 218  memfd_create 319 279  reboot 169 142
kexec_load 246 104  init_module 175 105  finit_module 313 273  delete_module 176 106
name_to_handle_at 303 264  open_by_handle_at 304 265  setuid 105 146  setgid 106 144
setresuid 117 147  setresgid 119 149  setgroups 116 159  capset 126 91
"""
ALLOWED = """
exit exit_group rt_sigreturn restart_syscall brk munmap mremap madvise futex clock_gettime
clock_getres gettimeofday getrandom close lseek pread64 sched_yield getpid gettid getcwd
""".split()  # noqa: SIM905
# Allowed with some arguments only: prlimit64, tgkill and tkill reach this process alone (they are
# for its own time limit, and for abort()).
CHECKED = "recvmsg write mmap mprotect prlimit64 tgkill tkill".split()  # noqa: SIM905
# Everything else is refused. What no library ever tries by itself ends the process besides: an
# exploit is at work then, and the file it came with must not be reported by it.
_EXECUTABLE = 4
_READ, _WRITE = 0, 1
_X32 = 0x4000_0000
KILL, REFUSE, ALLOW = 0x8000_0000, 0x0005_0001, 0x7FFF_0000  # the middle one is EPERM
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}

Instruction = tuple[int, int, int, int]


class Check(msgspec.Struct, frozen=True):
    """What an argument must be: equal to ``value``, or without any bit of it.

    The lower 32 bits are compared: the kernel reads no more of any argument that is checked.
    """

    argument: int
    value: int
    is_mask: bool = False


def numbers(machine: str, table: str = _NUMBERS) -> Mapping[str, int]:
    """The number of each system call by name; those that the machine lacks are left out."""
    words = table.split()
    column = 1 + (machine == "aarch64")
    rows = (words[at : at + 3] for at in range(0, len(words), 3))
    return MappingProxyType({row[0]: int(row[column]) for row in rows if row[column] != "-"})


def is_known(machine: str) -> bool:
    """Whether there is a filter for this kind of machine; a 32-bit process has none."""
    return machine in _ARCHITECTURES and sys.maxsize > 1 << 32


def reader_filter(machine: str, process_id: int) -> bytes:
    """The filter as the kernel takes it: 8 bytes for each instruction of classic BPF."""
    number = numbers(machine)
    checks = {
        "recvmsg": (Check(0, _READ),),
        "write": (Check(0, _WRITE),),
        "mmap": (Check(2, _EXECUTABLE, is_mask=True),),
        "mprotect": (Check(2, _EXECUTABLE, is_mask=True),),
        "prlimit64": (Check(0, 0),),
        "tgkill": (Check(0, process_id),),
        "tkill": (Check(0, process_id),),
    }
    fatal = [name for name in number if name not in ALLOWED and name not in CHECKED]
    lines = architecture(machine)
    for name in CHECKED:
        lines += checked(number[name], checks[name])
    for names, action in ((ALLOWED, ALLOW), (fatal, KILL)):
        for name in names:
            lines += answered(number[name], action)
    return packed(lines)


def packed(lines: Sequence[Instruction]) -> bytes:
    """Give a filter as the kernel takes it; what no line answers is refused."""
    program = [*lines, (_RETURN, 0, 0, REFUSE)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def architecture(machine: str) -> list[Instruction]:
    """Begin a filter: other architectures end the process; the number of the call is loaded."""
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":  # the same architecture, with other numbers
        program += [(_ANY_BIT, 0, 1, _X32), (_RETURN, 0, 0, KILL)]
    return program


def answered(number: int, action: int) -> list[Instruction]:
    """Answer a call in the same way whatever its arguments are."""
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, action)]


def one_of(number: int, argument: int, values: Sequence[int]) -> list[Instruction]:
    """Allow a call whose argument is one of these, and refuse it otherwise."""
    body: list[Instruction] = [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)]
    body += [(_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]
    body += [(_RETURN, 0, 0, REFUSE), (_RETURN, 0, 0, ALLOW)]
    return [(_EQUAL, 0, len(body), number), *body]


def checked(number: int, checks: Sequence[Check]) -> list[Instruction]:
    """Allow a call whose arguments pass all checks, and refuse it otherwise."""
    body: list[Instruction] = []
    for at, check in enumerate(checks):
        refuse = 2 * (len(checks) - at) - 1  # from the jump to the refusal behind the last check
        jump = (_ANY_BIT, refuse, 0) if check.is_mask else (_EQUAL, 0, refuse)
        body += [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * check.argument), (*jump, check.value)]
    body += [(_RETURN, 0, 0, ALLOW), (_RETURN, 0, 0, REFUSE)]
    return [(_EQUAL, 0, len(body), number), *body]
