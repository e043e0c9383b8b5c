"""Follows what an expression is made of: what is fetched and run, read and sent, changed."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

from mlsec.artifacts.python.bindings import Items
from mlsec.artifacts.python.fold import Folder
from mlsec.artifacts.python.names import CallEffect, reach_of
from mlsec.artifacts.python.places import ACCOUNT_KEYS, SECRETS
from mlsec.artifacts.python.pure import FUNCTIONS, UnfoldableError
from mlsec.artifacts.python.scope import Scope
from mlsec.core.regex import regex

# How many expressions are followed for one question.
MOST_PARTS = 6_000
_DECODERS = frozenset(
    """b64decode fromhex unhexlify decompress b85decode a85decode b32decode decodebytes
    urlsafe_b64decode a2b_hex a2b_base64""".split()  # noqa: SIM905
)
_FETCHERS = frozenset(("urlopen", "urlretrieve", "recv", "recvfrom", "recv_bytes"))
_TEXT_METHODS = frozenset("join format replace joinpath decode translate strip expanduser".split())  # noqa: SIM905
# Methods by which something leaves, whatever object has them.
_SENDING = frozenset(
    """send sendall sendto post storbinary storlines sendmail send_message put_object upload_file
    upload_fileobj urlopen send_json write_message urlretrieve Request""".split()  # noqa: SIM905
)
_NETWORK = frozenset({CallEffect.NETWORK, CallEffect.SENDS})
_LOOKUPS = regex(r"socket\.(?:getaddrinfo|gethostbyname\w*|create_connection)\Z")
_WHO = regex(
    r"(?:platform\.(?:node|uname)|socket\.(?:gethostname|getfqdn)|getpass\.getuser|uuid\.getnode|os\.(?:getlogin|uname))\Z"
)
_TOKENS = regex(
    r"huggingface_hub\.(?:\w+\.)*(?:get_token|HfFolder)|\w+\.get_credentials|google\.auth\.default|keyring\.get_\w+|browser_cookie3\.\w+"
)
# What goes where a service expects a key of its caller's.
_OWN_KEYS = frozenset("headers auth cookies cert api_key token verify timeout".split())  # noqa: SIM905
_INSTALLED = regex(
    r"site\.get(?:user)?sitepackages|site\.USER_SITE|sysconfig\.get_paths?|distutils\.sysconfig\.\w+|sys\.(?:prefix|exec_prefix|executable)\Z"
)
_EVERYTHING = regex(r"(?:/|~|/(?:home|root|etc|usr|var|bin|opt|Users|mnt)|[A-Za-z]:[\\/]*)/?\Z")
_DELETES = regex(
    r"shutil\.(?:rmtree|move)|os\.(?:remove|unlink|rmdir|walk|removedirs|truncate)|glob\.i?glob"
)
_TEMPORARY = regex(r"/(?:tmp|var/tmp|dev/shm)(?:/|\Z)")


class Flows:
    """What the expressions of one file are made of, through names, attributes and calls."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.folder: Folder = scope.folder
        self._returns: dict[int, list[ast.expr]] = {}
        self.is_cut = False

    def parts(self, *roots: ast.expr) -> Iterator[ast.expr]:
        """The expressions within some, and within what their names are set to."""
        left, seen = deque(roots), set[str]()
        for _ in range(MOST_PARTS):
            if not left:
                return
            node = left.popleft()
            yield node
            if isinstance(node, Items):
                left.append(node.held)
                continue
            if isinstance(node, ast.Name | ast.Attribute):
                self._follow(node, left, seen)
            left.extend(part for part in _inner(node) if not isinstance(part, ast.Lambda))
        self.is_cut = self.is_cut or bool(left)

    def _follow(
        self, node: ast.Name | ast.Attribute, left: deque[ast.expr], seen: set[str]
    ) -> None:
        bindings = self.scope.bindings
        name = node.id if isinstance(node, ast.Name) else f".{node.attr}"
        if name in seen:
            return
        seen.add(name)
        if isinstance(node, ast.Attribute):
            left.extend(bindings.attributes.get(node.attr, ()))
            return
        made = bindings.functions.get(node.id)
        if made is not None:
            left.extend(self._returned(made))
        left.extend(item for item in bindings.names.get(node.id, ()) if isinstance(item, ast.expr))
        left.extend(bindings.put.get(node.id, ()))

    def _returned(self, made: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
        known = self._returns.get(id(made))
        if known is None:
            every = (node.value for node in ast.walk(made) if isinstance(node, ast.Return))
            known = self._returns[id(made)] = [item for item in every if item is not None]
            del known[MOST_PARTS:]
        return known

    def is_fetched(self, *roots: ast.expr) -> bool:
        """Whether something within comes over a network."""
        for part in self.parts(*roots):
            if isinstance(part, ast.Call):
                reached = (reach_of(name.name) for name in self.scope.names_of(part.func))
                if _last(part.func) in _FETCHERS or not _NETWORK.isdisjoint(reached):
                    return True
        return False

    def decodes(self, node: ast.expr) -> bool:
        """Whether an expression itself decodes a text, on the spot."""
        attributes = (part for part in ast.walk(node) if isinstance(part, ast.Attribute))
        return any(part.attr in _DECODERS for part in attributes)

    def is_decoded(self, *roots: ast.expr) -> bool:
        """Whether something within is decoded from text, so that no reader sees its plain form."""
        for part in self.parts(*roots):
            if isinstance(part, ast.Attribute) and part.attr in _DECODERS:
                return True
            if isinstance(part, ast.Call):
                names = self.scope.names_of(part.func)
                if any(name.name.rpartition(".")[2] in _DECODERS for name in names):
                    return True
        return False

    def constant_bytes(self, node: ast.expr) -> bytes:
        """The bytes that an expression becomes, through a reader of bytes too; b"" if unknown."""
        if isinstance(node, ast.Call) and node.args and _last(node.func) in {"BytesIO", "StringIO"}:
            node = node.args[0]
        try:
            value = self.folder.value(node)
        except UnfoldableError:
            return b""
        if isinstance(value, str):
            return value.encode("utf-8", "replace")
        return value if isinstance(value, bytes) else b""

    def leak(self, node: ast.Call) -> str:
        """What of the machine's own a call sends away, or nothing."""
        names = self.scope.names_of(node.func)
        # A method of what a function of the network gave, ``socket.socket().connect``, sends too.
        made = [name.name.partition("()")[0] for name in names]
        is_network = any(reach_of(item) in _NETWORK or _LOOKUPS.match(item) for item in made)
        if not is_network and _last(node.func) not in _SENDING:
            return ""
        given = [
            *node.args,
            *(keyword.value for keyword in node.keywords if keyword.arg not in _OWN_KEYS),
        ]
        is_lookup = any(_LOOKUPS.match(name.name) for name in names)
        for part in self.parts(*given):
            if result := self._own(part, is_lookup=is_lookup or not is_network):
                return result
        return ""

    def _own(self, part: ast.expr, *, is_lookup: bool) -> str:
        if isinstance(part, ast.Call):
            for name in self.scope.names_of(part.func):
                if not is_lookup and _WHO.match(name.name):
                    return f"who runs it ({name.name})"
                if _TOKENS.match(name.name):
                    return f"a key ({name.name})"
            if _last(part.func) in {"get_credentials", "get_frozen_credentials"}:
                return f"a key ({_last(part.func)})"
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            match = ACCOUNT_KEYS.fullmatch(part.value) or SECRETS.search(part.value[:200])
            return f"a key of an account ({match.group()})" if match else ""
        return "the whole environment" if self._is_environment(part) else ""

    def _is_environment(self, part: ast.expr) -> bool:
        """Whether all of the environment is taken, not one setting of it."""
        for whole in _wholes(part):
            if any(name.name == "os.environ" for name in self.scope.names_of(whole)):
                return True
        return False

    def changes(self, node: ast.Call) -> str:
        """What a call changes or removes that belongs to the machine, or nothing."""
        names = [item.name for item in self.scope.names_of(node.func)]
        if any(_DELETES.match(name) for name in names) and node.args:
            path = self.folder.text(node.args[0])
            if path is not None and (_EVERYTHING.match(path) or path.startswith(("/*", "~/*"))):
                return f"goes through all files of {path}"
        written = self._written(node, names)
        if written is not None:
            for part in self.parts(written):
                result = self._installed(part)
                if result:
                    return f"writes among installed packages ({result})"
        if "os.chmod" in names and len(node.args) > 1 and self._mode(node.args[1]) & 0o6000:
            return "gives a file the rights of its owner"
        return ""

    def _mode(self, node: ast.expr) -> int:
        try:
            value = self.folder.value(node)
        except UnfoldableError:
            return 0
        return value if isinstance(value, int) else 0

    def _written(self, node: ast.Call, names: list[str]) -> ast.expr | None:
        """The path that a call writes to."""
        if "builtins.open" in names and node.args:
            return node.args[0] if _writes(node, 1) else None
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in {"write_text", "write_bytes", "symlink_to"}:
                return node.func.value
            if node.func.attr == "open" and _writes(node, 0):
                return node.func.value
        copies = {
            "shutil.copy",
            "shutil.copyfile",
            "shutil.move",
            "os.rename",
            "os.symlink",
            "os.replace",
        }
        return node.args[1] if copies & set(names) and len(node.args) > 1 else None

    def _installed(self, part: ast.expr) -> str:
        if isinstance(part, ast.Attribute) and part.attr in {"__file__", "__path__"}:
            names = [item.name for item in self.scope.names_of(part.value)]
            return next((name for name in names if name and not name.startswith(".")), "")
        if isinstance(part, ast.Attribute | ast.Name):
            for item in self.scope.names_of(part):
                if _INSTALLED.match(item.name):
                    return item.name
        return ""

    def may_be_text(self, node: ast.expr) -> bool:
        """Whether an expression is one of those that put texts together."""
        if isinstance(node, ast.BinOp):
            return isinstance(node.op, ast.Add | ast.Mod | ast.Div)
        if isinstance(node, ast.Call):
            is_known = self.scope.plain_name(node.func) in FUNCTIONS
            return is_known or _last(node.func) in _TEXT_METHODS
        return isinstance(node, ast.JoinedStr)

    def is_temporary(self, node: ast.expr) -> bool:
        """Whether a path lies where anybody may write."""
        path = self.folder.text(node)
        if path is not None:
            return bool(_TEMPORARY.match(path))
        parts = (part for part in self.parts(node) if isinstance(part, ast.Call))
        return any(
            named.name.startswith("tempfile.")
            for part in parts
            for named in self.scope.names_of(part.func)
        )


def _wholes(part: ast.expr) -> Iterator[ast.expr]:
    """What an expression takes whole: an argument, an item, a copy, a formatted value."""
    match part:
        case ast.Call(func=ast.Attribute(attr="copy" | "items" | "values", value=owner)):
            yield owner
            yield from part.args
        case ast.Call():
            yield from part.args
            yield from (keyword.value for keyword in part.keywords)
        case ast.FormattedValue():
            yield part.value
        case ast.Dict():
            yield from part.values
        case ast.List() | ast.Tuple():
            yield from part.elts
        case ast.BinOp():
            yield from (part.left, part.right)
        case ast.Name() | ast.Attribute() | ast.DictComp():
            yield from ()
        case _:
            return


def _writes(node: ast.Call, at: int) -> bool:
    modes = [
        *node.args[at : at + 1],
        *(keyword.value for keyword in node.keywords if keyword.arg == "mode"),
    ]
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and set(mode.value) & set("wax+")
        for mode in modes
    )


def _inner(node: ast.expr) -> Iterator[ast.expr]:
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr):
            yield part
        elif isinstance(part, ast.keyword):
            yield part.value
        elif isinstance(part, ast.comprehension):
            yield part.iter


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
