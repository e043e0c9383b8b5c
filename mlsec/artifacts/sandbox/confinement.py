"""What a reading process has given up before it sees a file, and what it could not give up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mlsec.core.errors import MlsecError

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

    in_force: tuple[str, ...] = ()
    missing: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What is missing, each with the reason."""
        return tuple(f"{name} ({why})" for name, why in self.missing.items())

    @property
    def is_enough(self) -> bool:
        """Whether all that is essential is in force."""
        return set(ESSENTIAL) <= set(self.in_force)

    def require(self) -> None:
        """Refuse to go on where something essential is missing.

        Raises:
            MlsecError: it is.
        """
        if not self.is_enough:
            raise MlsecError(
                "--require-sandbox: the processes that read files cannot be confined here;"
                f" missing: {', '.join(self.shortfalls)}",
                hint="scan on a system that offers it (mlsec doctor shows what is in force), or"
                " leave the option out",
            )
