"""Which Python functions a file that comes with a model should not call, and how bad each is."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from mlsec.core.regex import regex


class Reach(enum.Enum):
    """What a function reaches."""

    COMMANDS = "runs commands"
    CODE = "runs code that it is given"
    UNPICKLES = "loads objects that can run code"
    NETWORK = "talks to the network"
    LIBRARIES = "loads a library of machine code"


_BY_NAME: Mapping[Reach, str] = {
    Reach.COMMANDS: (
        r"(?:os|posix|nt)\.(?:system|popen\d?|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|startfile"
        r"|fork|forkpty)|subprocess\.\w+|pty\.\w+|commands\.\w+|popen2\.\w+|_posixsubprocess\.\w+"
        r"|_winapi\.\w+|webbrowser\.open\w*|asyncio\.create_subprocess_\w+|pexpect\.\w+|sh\.\w+"
        r"|distutils\.spawn\.\w+|plumbum\.\w+|platform\.popen"
    ),
    Reach.CODE: (
        r"builtins\.(?:exec|eval|compile|execfile|__import__)|runpy\.\w+|marshal\.loads?"
        r"|types\.(?:FunctionType|CodeType)|code\.\w+|codeop\.\w+|imp\.\w+|zipimport\.\w+"
        r"|importlib\.(?:machinery|util)\.\w+|cffi\.\w+|timeit\.\w+|cProfile\.run\w*|pdb\.run\w*"
    ),
    Reach.UNPICKLES: (
        r"(?:_?pickle|cPickle|dill|cloudpickle|joblib|torch|shelve|pandas)\.(?:loads?|Unpickler|open"
        r"|read_pickle)|torch\.hub\.load|jsonpickle\.\w+|yaml\.(?:unsafe_load\w*|full_load\w*)"
    ),
    Reach.NETWORK: (
        r"socket\.(?:socket|create_connection|create_server)|(?:requests|httpx)\.(?:get|post|put"
        r"|request|patch|delete|head|Session|Client|stream)|urllib\.request\.\w+|urllib2\.\w+"
        r"|http\.client\.\w+|ftplib\.\w+|smtplib\.\w+|telnetlib\.\w+|paramiko\.\w+|aiohttp\.\w+"
        r"|xmlrpc\.client\.\w+|websockets?\.\w+"
    ),
    Reach.LIBRARIES: (
        r"ctypes\.(?:CDLL|WinDLL|OleDLL|PyDLL|cdll|windll|oledll|pydll|pythonapi)(?:\.\w+)*"
        r"|torch\.(?:ops|classes)\.load_library|tensorflow\.load_(?:op_)?library"
    ),
}
_REACHES = tuple((reach, regex(rf"(?:{names})\Z")) for reach, names in _BY_NAME.items())
# A quick look that spares parsing what can hold nothing of the kind.
WORTH = regex(
    rb"\b(?:system|popen|exec\w*|eval|compile|spawn\w*|subprocess|pty|fork\w*|runpy|marshal|pickle"
    rb"|dill|cloudpickle|joblib|__import__|import_module|importlib|getattr|globals|builtins"
    rb"|__builtins__|__dict__|ctypes|cffi|socket|requests|httpx|urllib\w*|http|ftplib|smtplib"
    rb"|paramiko|FunctionType|CodeType|load_library|webbrowser|startfile|pexpect|__reduce\w*"
    rb"|b64decode|fromhex|unhexlify|\.ssh|/etc/|aiohttp|websockets?|telnetlib|plumbum|zipimport"
    rb"|__subclasses__|__globals__|posix_spawn\w*|create_subprocess_\w+|codeop|unsafe_load|shelve|jsonpickle|torch|yaml)\b"
)
# Places on a machine that no model has business with.
SECRETS = regex(
    r"/etc/(?:passwd|shadow|sudoers|crontab|cron\.)|\.ssh/|\.aws/credentials|\.bashrc|\.bash_profile"
    r"|\.netrc|\.kube/config|\.docker/config|id_rsa|/proc/self/environ|/dev/tcp/|\.git-credentials"
)


def reach_of(name: str) -> Reach | None:
    """What a dotted name reaches; None for the others."""
    for reach, pattern in _REACHES:
        if pattern.match(name):
            return reach
    return None
