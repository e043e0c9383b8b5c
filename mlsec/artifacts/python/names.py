"""Which Python functions a file that comes with a model should not call, and how bad each is."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import lru_cache

from mlsec.core.regex import regex


class CallEffect(enum.Enum):
    """What a function reaches."""

    COMMANDS = "runs commands"
    CODE = "runs code that it is given"
    NATIVE = "runs machine code that it is given"
    IMPORTS = "changes how modules are found or run"
    UNPICKLES = "loads objects that can run code"
    PACKAGES = "installs packages"
    SENDS = "talks to a service that no model needs"
    NETWORK = "talks to the network"
    LIBRARIES = "loads a library of machine code"


_BY_NAME: Mapping[CallEffect, str] = {
    CallEffect.COMMANDS: (
        r"(?:os|posix|nt)\.(?:system|popen\d?|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|startfile"
        r"|fork|forkpty)|subprocess\.(?:run|call|create_subprocess_\w+|Popen|check_\w+|get(?:status)?output|\?)"
        r"|pty\.(?:spawn|fork|\?)|(?:os|posix|nt)\.\?|commands\.\w+|popen2\.\w+"
        r"|_posixsubprocess\.\w+|_winapi\.\w+"
        r"|webbrowser\.(?:open\w*|register|get|\w*Browser)|asyncio\.create_subprocess_\w+"
        r"|pexpect\.(?:\w+\.)?(?:spawn|run|runu|popen_spawn|PopenSpawn|spawnu)|sh\.\w+|plumbum\.\w+(?:\.\w+)*"
        r"|(?:distutils|setuptools\._distutils)\.(?:spawn|ccompiler|cmd)\.(?!find_executable\b)\w+|platform\.popen"
        r"|psutil\.Popen|invoke\.(?:run|sudo|Context)|fabric\.\w+|docker\.(?:from_env|\w*Client)"
        r"|IPython\.(?:utils\.process\.\w+|start_ipython|embed)|test\.support\.\w+\.\w+"
        r"|pydoc\.(?:pipe_?pager|temp_?file_?pager|\?)|imaplib\.IMAP4_stream"
        r"|ctypes\.[\w.]+(?:\(\))?(?:\.\w+)*\.(?:system|popen|exec\w+|fork|mprotect|WinExec|VirtualAlloc\w*|CreateThread|PyRun_\w+|dlopen)"
        r"|numpy\.ctypeslib\.load_library\(\)\.(?:system|popen|exec\w+)|cffi\.FFI\(\)\.\w+(?:\(\))?\.(?:system|popen|exec\w+)"
        r"|ansible\.\w+|cmd2\.\w+|shellingham\.\w+|delegator\.\w+|envoy\.run|pwn\.\w+"
    ),
    CallEffect.CODE: (
        r"builtins\.(?:exec|eval|compile|execfile|__import__|\?)|runpy\.\w+|marshal\.loads?|marshal\.\?"
        r"|types\.(?:FunctionType|CodeType|LambdaType)|code\.(?:Interactive\w+|interact|compile_command)"
        r"|codeop\.\w+|imp\.(?:load_\w+|init_\w+)|zipimport\.\w+"
        r"|importlib\.machinery\.\w*Loader|importlib\._bootstrap_external\.\w*Loader"
        r"|_frozen_importlib(?:_external)?\.\w*(?:Loader|Importer)(?:\.\w+)?"
        r"|importlib\.util\.(?:spec_from_\w+|module_from_spec)|timeit\.\w+"
        r"|(?:c[Pp]rofile|profile)\.(?:run\w*|Profile)|pdb\.run\w*|bdb\.Bdb|trace\.Trace|doctest\.\w+"
        r"|typing\.ForwardRef|logging\.config\.(?:dictConfig|fileConfig|listen)"
        r"|sympy\.(?:sympify|S|parse_expr|parsing\.\w+(?:\.\w+)*|lambdify)|numexpr\.\w+|numpy\.testing\.\S*runstring"
        r"|mako\.\S+|asteval\.\w+|simpleeval\.\w+|execnet\.\w+|py_mini_racer\.\w+|js2py\.\w+|pyximport\.\w+|Cython\.\w+"
        r"|cloudpickle\.loads?|_xxsubinterpreters\.\w+|_interpreters\.\w+|test\.\w+\.run_\w+|rlcompleter\.\w+"
    ),
    CallEffect.NATIVE: (
        r"ctypes\.(?:CFUNCTYPE|PYFUNCTYPE|WINFUNCTYPE)|_ctypes\.(?:dlopen|dlsym|LoadLibrary|call_\w+)"
        r"|mmap\.mmap|cffi\.\w+|cppyy\.\w+|llvmlite\.\w+(?:\.\w+)*"
        r"|keystone\.\w+|sys\.setdlopenflags|tcc\.\w+|numpy\.distutils\.\w+|scipy\.weave\.\w+"
    ),
    CallEffect.IMPORTS: (
        r"sys\.(?:meta_path|path_hooks|addaudithook)\.?\w*|sys\.(?:settrace|setprofile)"
        r"|site\.addsitedir|importlib\.abc\.\w+"
    ),
    CallEffect.UNPICKLES: (
        r"(?:_?pickle|cPickle|dill|cloudpickle|joblib|torch|shelve|pandas|_compat_pickle)\."
        r"(?:_?loads?|_?Unpickler|open|read_pickle|\?)|torch\.hub\.load|jsonpickle\.(?:decode|loads|unpickler\.\w+)"
        r"|yaml\.(?:unsafe_load\w*|full_load\w*)|ruamel\.yaml\.YAML|torch\.package\.\w+|klepto\.\w+"
        r"|numpy\.load|zmq\.\w+\.recv_pyobj|hickle\.load|srsly\.pickle_loads?"
    ),
    CallEffect.PACKAGES: (
        r"pip(?:\._internal(?:\.\w+)*|\._vendor\S*)?\.(?:main|run|cli_main|create_command)|pip\._internal"
        r"|ensurepip\.\w+|easy_install\.\w+|setuptools\.command\.easy_install\.\w+|venv\.create"
    ),
    CallEffect.SENDS: (
        r"ftplib\.\w+|smtplib\.\w+|telnetlib\.\w+|paramiko\.\w+|xmlrpc\.\w+\.\w+|poplib\.\w+|nntplib\.\w+"
        r"|dns\.\w+(?:\.\w+)*|imaplib\.\w+|http\.server\.(?:test|\w*SimpleHTTP\w+)|asyncssh\.\w+|rpyc\.\w+|Pyro[45]\.\w+|impacket\S*"
        r"|scapy\S*|pynput\S*|pyautogui\.\w+|keyring\.get_\w+|browser_cookie3\.\w+|mss\.\w+|keyboard\.\w+"
        r"|discord\.\w+|telegram\.\w+|telebot\.\w+|socks\.\w+|stem\.\w+|twisted\.conch\S*|multiprocessing\.(?:managers\.\w+|connection\.(?:Client|Listener))"
    ),
    CallEffect.NETWORK: (
        r"socket\.(?:socket|create_connection|create_server|\?)"
        r"|(?:requests|httpx)\.(?:get|post|put|request|patch|delete|head|\w*[sS]ession|\w*Client|stream)"
        r"|urllib\.request\.\w+|urllib[23]\.\w+|http\.client\.\w+|aiohttp\.\w+|websockets?\.\w+"
        r"|wget\.\w+|pycurl\.\w+|asyncio\.open_connection|gdown\.\w+|git\.(?:Repo|Git|cmd)(?:\.\w+)*|pysftp\.\w+|socketserver\.\w+"
    ),
    CallEffect.LIBRARIES: (
        r"ctypes\.(?:CDLL|WinDLL|OleDLL|PyDLL|cdll|windll|oledll|pydll|pythonapi|\?)(?:\.\w+)*"
        r"|torch\.(?:ops|classes)\.load_library|tensorflow\.load_(?:op_)?library"
        r"|numpy\.ctypeslib\.load_library|torch\.utils\.cpp_extension\.load\w*"
    ),
}  # fmt: skip
_REACHES = tuple((reach, regex(rf"(?:{names})\Z")) for reach, names in _BY_NAME.items())


# No module has a longer name.
LONGEST = 400


@lru_cache(maxsize=4096)
def reach_of(name: str) -> CallEffect | None:
    """What a dotted name reaches; None for the others."""
    if "." not in name:
        return None
    if len(name) > LONGEST:
        # Some of the patterns take the square of its length; its ends say what it is.
        name = name[: LONGEST // 2] + name[-LONGEST // 2 :]
    for reach, pattern in _REACHES:
        if pattern.match(name):
            return reach
    return None


# Modules that run commands or code: their functions are found under any name.
STRONG_MODULES = frozenset(
    """os posix nt subprocess _posixsubprocess pty builtins importlib ctypes _ctypes runpy
    marshal""".split()  # noqa: SIM905
)
_INNER = regex(
    r".+\._?(os|posix|nt|sys|subprocess|builtins|__builtins__|importlib|ctypes|pty|shutil|runpy|marshal)(?=\.|\Z)"
)


@lru_cache(maxsize=4096)
def inner_module(name: str) -> str:
    """A name without the way to it: ``shutil.os.system`` is ``os.system``, as modules hold others.

    Names that a module has under its own are given alike: ``posix.system`` is ``os.system``.
    """
    if match := _INNER.match(name):
        inner = "builtins" if match.group(1) == "__builtins__" else match.group(1)
        name = inner + name[match.end() :]
    for long, short in _SAME:
        if name.startswith(long):
            return short + name[len(long) :]
    return name


_SAME = (
    ("os.path.os", "os"),
    ("io.open", "builtins.open"),
    ("importlib._bootstrap.BuiltinImporter", "_frozen_importlib.BuiltinImporter"),
    ("numpy.lib.npyio.load", "numpy.load"),
    ("tensorflow.compat.v1.", "tensorflow."),
)
# Methods whose names alone imply that they run commands, whatever their class.
COMMAND_METHODS = frozenset(
    """popen execv execve execvp execvpe execl execle execlp spawnv spawnve spawnl spawnlp
    posix_spawn posix_spawnp fork_exec startfile Popen check_output check_call getoutput
    getstatusoutput create_subprocess_shell create_subprocess_exec subprocess_shell
    subprocess_exec load_module load_library exec_command PyRun_SimpleString PyRun_String
    register_custom_ops_library load_extension load_op_library
    WinExec ShellExecuteA ShellExecuteW VirtualAlloc memfd_create get_objects_by_name""".split()  # noqa: SIM905
)
# Attributes that lead to the globals of another function or frame, or to Python's own names.
INNER_ATTRIBUTES = frozenset(
    "f_builtins __builtins__ __globals__ func_globals gi_frame cr_frame tb_frame".split()  # noqa: SIM905
)
