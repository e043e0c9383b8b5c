"""System calls by name, as the kernel's headers number them: apart from mlsec's own table."""

from __future__ import annotations

import os

# Name, x86-64, aarch64 (asm-generic); "-" where it does not exist.
_TEXT = """
open 2 -  creat 85 -  unlink 87 -  rename 82 -  link 86 -  symlink 88 -  mkdir 83 -  rmdir 84 -
chmod 90 -  chown 92 -  fork 57 -  openat 257 56  openat2 437 437  unlinkat 263 35
renameat2 316 276  linkat 265 37  symlinkat 266 36  mkdirat 258 34  mknodat 259 33
fchmodat 268 53  fchownat 260 54  truncate 76 45  utimensat 280 88  setxattr 188 5
newfstatat 262 79  statx 332 291  faccessat 269 48  readlinkat 267 78  chdir 80 49  read 0 63
fcntl 72 25  dup 32 23  ioctl 16 29  socket 41 198  socketpair 53 199  sendto 44 206
sendmsg 46 211  connect 42 203  bind 49 200  ptrace 101 117  process_vm_readv 310 270
process_vm_writev 311 271  kill 62 129  tgkill 234 131  tkill 200 130  pidfd_open 434 434
prlimit64 302 261  execve 59 221  execveat 322 281  clone 56 220  clone3 435 435  mount 165 40
umount2 166 39  unshare 272 97  setns 308 268  chroot 161 51  pivot_root 155 41
open_tree 428 428  fsopen 430 430  bpf 321 280  perf_event_open 298 241  userfaultfd 323 282
io_uring_setup 425 425  keyctl 250 219  add_key 248 217  memfd_create 319 279  prctl 157 167
seccomp 317 277  setuid 105 146  setresuid 117 147  setgroups 116 159  capset 126 91
personality 135 92  reboot 169 142  kexec_load 246 104  init_module 175 105
delete_module 176 106  name_to_handle_at 303 264  open_by_handle_at 304 265  mmap 9 222
mprotect 10 226  pkey_mprotect 329 288  shmget 29 194  msgget 68 186  inotify_init1 294 26
fanotify_init 300 262  eventfd2 290 19  pipe2 293 59  epoll_create1 291 20  setpriority 141 140
sched_setaffinity 203 122  rt_sigaction 13 134  sethostname 170 161  syslog 103 116
swapon 167 224  acct 163 89  quotactl 179 60  settimeofday 164 170  write 1 64  getpid 39 172
"""
_COLUMN = 1 + (os.uname().machine == "aarch64")
_WORDS = _TEXT.split()
NUMBERS = {
    _WORDS[at]: int(_WORDS[at + _COLUMN])
    for at in range(0, len(_WORDS), 3)
    if _WORDS[at + _COLUMN] != "-"
}
