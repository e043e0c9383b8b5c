"""What a reading process has given up before it sees a file, and what it could not give up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

# In the order in which they are shown; what each keeps an exploited reader from.
PROTECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "seccomp": "only the system calls of a reader: no files, sockets, processes or signals",
        "no_new_privs": "no rights gained by running a program",
        "capabilities": "no capability is left",
        "user": "not root",
        "limits": "memory, CPU time, size and number of files, processes",
        "hidden": "no other process can look into it; ends with the scan",
        "landlock": "no file and no TCP port, a second time",
        "audit_hook": "refusals inside Python, where the kernel does not refuse; native code"
        " passes them",
    }
)
# Without one of these, native code in a reading process reaches beyond it.
ESSENTIAL = ("seccomp", "no_new_privs", "capabilities", "limits")


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """The protections that are in force (names of ``PROTECTIONS``), and why others are not."""

    held: tuple[str, ...] = ()
    missing: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def lacks(self) -> str:
        """What is missing and why, on one line; "" for nothing."""
        return ", ".join(f"{name} ({why})" for name, why in self.missing.items())

    @property
    def is_enough(self) -> bool:
        """Whether all that is essential is in force."""
        return set(ESSENTIAL) <= set(self.held)
