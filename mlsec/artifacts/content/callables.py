"""Python callables that a model file has no reason to name, for formats that hold names.

Pickles have a policy of their own, with an inventory; this short list serves JSON, YAML and
Python files, where an unknown name is judged by the reader of that format.
"""

from __future__ import annotations

from mlsec.core.enums import Severity

# Whole modules: whatever is called there runs commands, code, or reaches files and networks.
DANGEROUS_MODULES = frozenset(
    """os posix nt ntpath posixpath subprocess _posixsubprocess sys shutil socket _socket ctypes
    _ctypes runpy importlib imp pkgutil zipimport pickle _pickle cPickle dill cloudpickle marshal
    code codeop pty webbrowser commands popen2 multiprocessing _winapi urllib urllib2 requests
    httpx aiohttp http ftplib smtplib telnetlib poplib imaplib nntplib xmlrpc paramiko tempfile
    pathlib glob fileinput signal gc inspect timeit profile cProfile pdb bdb trace doctest pydoc
    test venv ensurepip pip setuptools distutils idlelib lib2to3 turtledemo sqlite3 dbm shelve
    mmap fcntl resource pwd asyncio concurrent threading _thread sched atexit logging cgitb
    antigravity site faulthandler tracemalloc winreg msvcrt platform linecache nturl2path
    pexpect sh plumbum fabric invoke jinja2 mako IPython jupyter_client boto3 botocore
    """.split()  # noqa: SIM905 - one name a line would be 90 lines
)
# Single names in modules that are otherwise harmless.
DANGEROUS_NAMES = frozenset(
    """builtins.exec builtins.eval builtins.compile builtins.__import__ builtins.open
    builtins.getattr builtins.setattr builtins.delattr builtins.globals builtins.locals
    builtins.vars builtins.input builtins.breakpoint builtins.exit builtins.quit builtins.help
    builtins.apply builtins.execfile builtins.file builtins.map builtins.filter
    io.open io.open_code io.FileIO codecs.open types.FunctionType types.CodeType types.MethodType
    types.ModuleType types.LambdaType operator.attrgetter operator.methodcaller
    operator.call _operator.call operator.itemgetter _operator.attrgetter _operator.methodcaller
    functools.reduce
    functools.partial functools.partialmethod torch.load torch.hub.load torch.jit.load
    torch.package.PackageImporter torch.ops.load_library torch.classes.load_library
    torch.compile torch.save torch.from_file torch.serialization.load torch.serialization.save
    numpy.save numpy.savez numpy.savez_compressed numpy.savetxt numpy.fromregex numpy.DataSource
    hydra.utils.get_method hydra.utils.get_class hydra.utils.get_object hydra.utils.call
    evaluate.load joblib.dump keras.utils.get_file pandas.to_pickle numpy.load
    numpy.fromfile numpy.memmap
    numpy.loadtxt numpy.genfromtxt numpy.ctypeslib.load_library pandas.read_pickle pandas.eval
    pandas.io.pickle.read_pickle joblib.load sklearn.externals.joblib.load
    tensorflow.keras.models.load_model tensorflow.saved_model.load tensorflow.load_library
    tensorflow.load_op_library tensorflow.io.read_file tensorflow.io.write_file
    tensorflow.py_function tensorflow.numpy_function copyreg.add_extension
    transformers.AutoModel.from_pretrained cffi.FFI shlex.join posixpath.join
    """.split()  # noqa: SIM905
)
_DANGEROUS_PREFIXES = (
    "numpy.testing.",
    "numpy.f2py",
    "numpy.distutils",
    "torch.utils.cpp_extension",
    "torch.utils.bottleneck",
    "torch._inductor",
    "torch._dynamo",
    "torch.distributed",
    "torch.hub",
    "torch.multiprocessing",
    "scipy._lib._testutils",
    "sklearn.datasets",
    "tensorflow.python.framework.load_library",
    "tensorflow.python.lib.io",
)


def danger_of(module: str, name: str) -> Severity | None:
    """How bad it is that a file names ``module.name``; None where no list speaks of it.

    A dotted name counts for each of its parts, since ``keras.utils.os.system`` is ``os.system``.
    """
    module = {"__builtin__": "builtins", "__builtins__": "builtins"}.get(module, module)
    whole = f"{module}.{name}" if module else name
    if module.split(".")[0] in DANGEROUS_MODULES or (not module and _is_builtin_danger(name)):
        return Severity.CRITICAL
    if whole in DANGEROUS_NAMES or f"{whole}.".startswith(_DANGEROUS_PREFIXES):
        return Severity.CRITICAL
    inner = set(whole.split(".")[1:-1]) - {"code", "test", "http"}
    if inner & DANGEROUS_MODULES:
        return Severity.HIGH
    if any(part.startswith("__") for part in name.split(".")):
        return Severity.HIGH
    return None


def _is_builtin_danger(name: str) -> bool:
    return f"builtins.{name}" in DANGEROUS_NAMES and name not in {"map", "filter", "vars"}
