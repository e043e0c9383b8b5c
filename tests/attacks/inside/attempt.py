"""Run as a reading process is, up to its lock: then it performs acts instead of reading.

The arguments are those of a reading process, and after them the folder, the process to reach, an
address in it, and the acts. The first line of JSON says what was inherited, the others are results;
an act that ends the process has none.
"""

from __future__ import annotations

import json
import os
import sys

from mlsec.artifacts.sandbox.child import begin
from mlsec.artifacts.sandbox.inbox import Inbox
from tests.attacks.inside.acts import ACTS, Site


def is_open(descriptor: int) -> bool:
    """Whether this process has a descriptor of this number."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def main() -> None:
    """Perform the acts."""
    folder, victim, address, *names = sys.argv[2:]
    site = Site(folder, int(victim), int(address))
    inherited = {
        "environ": sorted(set(os.environ) - {"LC_CTYPE"}),  # that one Python itself sets
        "descriptors": sorted(descriptor for descriptor in range(64) if is_open(descriptor)),
        "folder": os.getcwd(),  # noqa: PTH109 - the system's own answer
        "leads_session": os.getsid(0) == os.getpid(),
    }
    begin(Inbox())
    os.write(1, json.dumps(inherited).encode() + b"\n")
    for name in names:
        os.write(1, json.dumps(ACTS[name](site)).encode() + b"\n")
    os._exit(0)
