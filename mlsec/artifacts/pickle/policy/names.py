"""Names in a pickle: what a state sets, what the loader makes of old names, what is a hook."""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

from mlsec.artifacts.pickle.known_names import LISTED, Standing
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.pickle.policy.evidence import evidence, walk
from mlsec.artifacts.pickle.vm.values import CallKind, CallResult, Container, Global, Opaque, Value
from mlsec.core.regex import regex

# Attributes that change what an object is or does, whatever class it has.
_HOOK_NAMES = """
    class dict getattr getattribute setattr delattr reduce reduce_ex call setstate init new del
    bases code globals builtins iter next hash eq ne lt le gt ge enter exit import subclasses mro
    get set delete getitem setitem delitem missing contains len bool str repr bytes format int
    float index complex add radd sub mul matmul truediv floordiv mod pow neg pos invert copy
    deepcopy instancecheck subclasscheck init_subclass class_getitem prepare set_name array
    array_ufunc array_function array_finalize getstate getnewargs getnewargs_ex sizeof dir
    aenter aexit aiter anext await
"""
HOOKS = frozenset(f"__{name}__" for name in _HOOK_NAMES.split())


def keys_of(state: Value) -> list[str]:
    """The attribute names that a state sets, of the dict and of the slots."""
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    return [
        key for part in parts if isinstance(part, Container) and part.kind == "dict"
        for key in (*part.mapping(), *sorted(part.acting))
    ]  # fmt: skip


def modern(module: str, name: str) -> tuple[str, str]:
    """The Python 3 name, as the loader maps it for protocols below 3."""
    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name


def is_identifier(global_: Global) -> bool:
    """Whether a name is one that source text could import, and no hook of the language."""
    parts = [*global_.module.split("."), *global_.name.split(".")]
    if global_.module.endswith(".__main__"):
        return False  # what a package does when it is started runs where this is imported
    if not all(part.isidentifier() for part in parts):
        return False
    return not (global_.name.startswith("__") and global_.name.endswith("__"))


def class_of(made: Value) -> Value:
    """What a call made an object of, also where ``copyreg`` made it; None of what is no call."""
    function = made.function if type(made) is CallResult else None
    given = made.arguments if function is not None else ()
    is_made = isinstance(function, Global) and function.entry.word in ("reconstructor", "new")
    return given[0] if is_made and type(given) is tuple and given else function


NOT_LISTED = "its library was listed, and it is none of what that stores"
# Ways of judging by which a dotted name is one that libraries store.
_BY_NAME = ("kept", "collection")
_MADE_BARE = frozenset(("object", "int", "float", "str", "bytes", "tuple"))
# What these do is done by __init__, which making an object of them by __new__ leaves out.
_ACTS_BY_INIT = frozenset(("typing.ForwardRef",))
# A class within a class; what libraries call the functions that put their objects together again.
_NESTED_CLASS = regex(r"_*[A-Z]\w*(?:\._*[A-Z]\w*)+\Z")
_PUTS_TOGETHER = regex(
    r"(?:__pyx_unpickle_|_+(?:re)?(?:construct|build|make|create|restore|unpickle)\w*|newObj\Z)"
)


def is_nested_class(global_: Global) -> bool:
    """Whether a dotted name is that of a class within a class: as unknown as the class itself."""
    return bool(_NESTED_CLASS.match(global_.name))


def is_listed_owner(policy: Policy, global_: Global) -> bool:
    """A dotted name that is listed itself, or a plain method of a listed class."""
    entry = global_.entry
    is_nested = entry.standing is Standing.UNKNOWN and is_nested_class(global_)
    if is_nested or entry.standing in LISTED or entry.word in _BY_NAME:
        return True
    owner, _, name = global_.name.rpartition(".")
    above = policy.look_up(global_.module, owner).standing
    return above in LISTED and not name.startswith("__") and "." not in owner


def is_made_bare(policy: Policy, how: CallKind, function: Global, arguments: Value) -> bool:
    """An object of a class is made and given nothing: what its module does is not done yet."""
    is_class = function.name.rpartition(".")[2].lstrip("_")[:1].isupper()
    is_exact = policy.names_exactly(function.module, function.name)
    is_exact &= function.full not in _ACTS_BY_INIT
    return how is CallKind.NEW and arguments == () and is_class and not is_exact


def puts_together(global_: Global) -> bool:
    """Whether a function is named as those that only picklers write: it makes an object."""
    return global_.module != "__main__" and bool(_PUTS_TOGETHER.match(global_.name))


def has_numbers_only(arguments: Value) -> bool:
    """Whether arguments are numbers and tuples of them."""
    return all(isinstance(item, (tuple, int, Opaque)) or item is None for item in walk(arguments))


def is_harmless(arguments: Value) -> bool:
    """Whether arguments say nothing, and name only what is listed and unknown classes."""
    return not evidence(arguments) and all(
        _is_listed_or_class(item) for item in walk(arguments) if isinstance(item, Global)
    )


def _is_listed_or_class(given: Global) -> bool:
    if given.entry.standing is Standing.UNKNOWN:
        return given.name.lstrip("_")[:1].isupper()
    return given.entry.standing in LISTED


def is_like_a_class(policy: Policy, function: Global, arguments: Value) -> bool:
    """Named like a class; in a library that was listed, called with numbers at most."""
    is_unknown = function.entry.standing is Standing.UNKNOWN
    if is_unknown and puts_together(function):
        return is_harmless(arguments)
    if not function.name.rpartition(".")[2].lstrip("_")[:1].isupper():
        return False
    is_standard = function.module.partition(".")[0] in policy.standard_modules
    return is_unknown or (not is_standard and has_numbers_only(arguments))


def reached(policy: Policy, value: Value) -> Value:
    """The name that dill's ``_get_attr(module, name)`` gave, or the class that it took or made by
    its name; any other value as it is.
    """
    inner = value.function if type(value) is CallResult else None
    if type(inner) is not Global or inner.entry.word not in ("named", "named_tuple"):
        return value
    take = module_and_name if inner.entry.word == "named" else named_tuple_of
    pair = take(value.arguments)
    if pair is None:
        return value
    global_ = Global(*pair, inner.offset)
    global_.entry = policy.look_up(*pair)
    return global_


def is_own_new(owner: Value, name: Value) -> bool:
    """``object.__new__`` of Python's own types: it makes an object and runs nothing."""
    is_own = isinstance(owner, Global) and owner.module in ("builtins", "__builtin__")
    return is_own and name == "__new__" and owner.name in _MADE_BARE


def is_new_of_class(owner: Value, name: Value) -> bool:
    """``Class.__new__`` of a class that a list knows, or that none does: nothing of it runs yet.

    Protocols 2 and 3 make an object with named arguments by a partial of it.
    """
    if name != "__new__" or not isinstance(owner, Global):
        return False
    standing = owner.entry.standing
    is_unknown = standing in (Standing.UNKNOWN, Standing.UNLISTED)
    is_class = is_unknown and owner.name.rpartition(".")[2].lstrip("_")[:1].isupper()
    return is_class or standing in (Standing.CLASS, Standing.REDUCER)


def new_of(made: Value) -> Global | None:
    """The class of which ``getattr(Class, "__new__")`` took its way of making an object."""
    maker = made.function if type(made) is CallResult else None
    if not isinstance(maker, Global) or maker.entry.word != "attribute":
        return None
    given = made.arguments if type(made.arguments) is tuple else ()
    return given[0] if len(given) == 2 and is_new_of_class(*given) else None


def type_by_name(value: Value) -> str:
    """The name by which dill or cloudpickle took a type of Python's own; "" of any other value."""
    maker = value.function if type(value) is CallResult else None
    if not isinstance(maker, Global) or maker.entry.word != "builtin_type":
        return ""
    given = value.arguments
    is_plain = type(given) is tuple and len(given) == 1 and type(given[0]) is str
    return given[0] if is_plain else ""


def is_of_imported_module(arguments: Value) -> bool:
    """Whether the first argument is a module that was imported by its whole name."""
    owner = arguments[0] if type(arguments) is tuple and arguments else None
    maker = owner.function if isinstance(owner, CallResult) else None
    return isinstance(maker, Global) and maker.entry.word == "module_by_name"


def module_and_name(arguments: Value) -> tuple[str, str] | None:
    """The module, imported by its name or only named, and the plain name that is taken of it."""
    if type(arguments) is not tuple or len(arguments) != 2:
        return None
    owner, name = arguments
    maker = owner.function if isinstance(owner, CallResult) else None
    if isinstance(maker, Global) and maker.entry.word == "module_by_name":
        owner = owner.arguments[0] if type(owner.arguments) is tuple and owner.arguments else None
    if not isinstance(owner, str) or not isinstance(name, str) or not name.isidentifier():
        return None
    return None if name.startswith("__") else (owner, name)


def named_tuple_of(arguments: Value) -> tuple[str, str] | None:
    """The module and the plain name of ``_create_namedtuple(name, fields, module, defaults)``."""
    if type(arguments) is not tuple or len(arguments) not in (3, 4):
        return None
    name, _, module = arguments[:3]
    if not isinstance(name, str) or not isinstance(module, str):
        return None
    if name.startswith("__") or not all(part.isidentifier() for part in (name, *module.split("."))):
        return None
    return module, name


def is_listed_method(policy: Policy, inner: Global, value: Value, given: Value) -> bool:
    """``getattr(class, method)`` of a class method that the library stores as a call.

    Keras keeps a model as ``class._unpickle_model`` of an archive in memory, which is read too.
    """
    if inner.entry.word != "attribute" or not isinstance(value, tuple):
        return False
    owner, name = (*value, None, None)[:2]
    if not isinstance(owner, Global) or not isinstance(name, str):
        return False
    if name == "_unpickle_model" and owner.entry.standing in (Standing.CLASS, Standing.REDUCER):
        return owner.module.startswith(("keras.", "tf_keras.")) and _is_in_memory(given)
    entry = policy.look_up(owner.module, f"{owner.name}.{name}")
    return entry.standing is Standing.REDUCER


def _is_in_memory(given: Value) -> bool:
    first = given[0] if isinstance(given, tuple) and len(given) == 1 else None
    function = first.function if isinstance(first, CallResult) else None
    return isinstance(function, Global) and function.full in ("_io.BytesIO", "io.BytesIO")
