"""What the arguments of a call say: addresses, shell text, code, paths, pickles inside."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.content.program_text import program_in
from mlsec.artifacts.pickle.vm.values import (
    CallResult,
    Container,
    Global,
    LongLiteral,
    Opaque,
    Value,
)
from mlsec.core.regex import regex

# Words that are shell text or a host by themselves: other letters and digits say nothing.
WORDS = frozenset(
    """sh bash zsh cmd powershell curl wget nc ncat python perl ruby echo touch cat rm chmod id
    whoami calc sleep ls cp mv dd kill nohup base64 uname ping open printenv""".split()  # noqa: SIM905
)
# Values looked at per call; a call with more is not one that a library writes.
LOOKED_AT = 2_000

_ADDRESS = regex(r"(?i)\b(?:https?|ftps?|wss?|tcp|udp|ssh|file|data|s3|gs|git)://|^//|^\\\\")
_HOST = regex(r"(?i)^(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d+)?$")
_CODE = regex(
    r"(?<!\w)__(?:import|builtins?|globals|subclasses|bases?|mro|class|init|new|reduce(?:_ex)?|dict|code"
    r"|call|del|getattr(?:ibute)?|setattr|setstate|loader|spec|self|func|closure|wrapped)__(?!\w)"
    r"|(?<![\w.])(?:exec|eval|compile|getattr|globals|open)\s*\(|\b(?:os|sys|subprocess)\.[A-Za-z_]"
    r"|\bimport\s+[\w.]+\s*(?:[;,\n]|as\b|$)|\blambda\b[^\n:]{0,80}:"
)
# A word of a shell where a command begins, and what follows it is no part of a longer word.
_SHELL = regex(
    r"(?:^|[\s;&|`(/])(?:sh|bash|zsh|cmd|powershell|curl|wget|nc|ncat|python\d?|perl|ruby|echo|touch"
    r"|cat|rm|chmod|id|whoami|calc|sleep|ls|cp|mv|dd|kill|nohup|base64|uname|ping|open|printenv)"
    r"(?:\.exe)?(?:[\s;&|]|$)|\$\(|>\s*/"
)
# What reads like a call or a command and is a name, a formula or a molecule as often.
_MAYBE = regex(r"[;&|`]\s*\w|\b\w+\([^)]{0,500}\)\s*$")
_UNPRINTED = regex(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_PATH = regex(r"^(?:[~/\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\])|[/\\]\.\.[/\\]|^[\w. -]+[/\\][\w./\\ -]+$")
_FILE = regex(
    r"(?i)^[\w .-]+\.(?:py|pyc|so|dll|dylib|sh|pkl|pickle|pt|pth|bin|txt|csv|json|ya?ml|exe|zip"
    r"|tar|gz|npy|npz|joblib|h5|db|log|cfg|ini|whl|egg|html?|xml|sqlite)$"
)
_CONTROL = regex(rb"[\x00-\x08\x0e-\x1f\x7f-\xff]")
LONGEST_TEXT = 1024
# Says so in the words that are looked for in other texts.
_A_PICKLE = "exec(a pickle)"
_PICKLE = regex(rb"\A\x80[\x02-\x05]")


_FLAT = frozenset((int, bool, type(None), Opaque))


def is_plain(value: Value) -> bool:
    """Whether arguments are numbers and words that say nothing, which most are."""
    if type(value) is not tuple:
        return False
    for item in value:
        kind = type(item)
        if kind is str:
            if item and not (item.isalnum() and item.isascii()):
                return False
            if item in WORDS or item[:6] == "python" or item.lower() == "localhost":
                return False
        elif kind not in _FLAT:
            return False
    return True


def evidence(value: Value) -> str:
    """The strongest thing that a call's arguments say, in words; "" for nothing."""
    if is_plain(value):
        return ""
    result = ""
    for text in _texts(value):
        for word, pattern in (("code", _CODE), ("an address", _ADDRESS), ("shell text", _SHELL)):
            if pattern.search(text):
                if text.isalnum():  # a column may be called so, or a class of things: cat, sleep
                    result = result or f"a word: {text[:80]}"
                    continue
                return f"{word}: {text[:80]}"
        if not result and _MAYBE.search(text):
            result = f"a word: {text[:80]}"
        elif not result and (_PATH.search(text) or _FILE.search(text)):
            result = f"a path: {text[:80]}"
        elif not result and _HOST.search(text) and not text.replace(".", "").isdecimal():
            result = f"a host: {text[:80]}"
    return result


def is_command(text: str) -> bool:
    """Whether a text is program text or a shell command."""
    return not _UNPRINTED.search(text) and bool(_CODE.search(text) or _SHELL.search(text))


def program_kept(value: Value) -> str:
    """Program text that nothing else reads like, in what an object is only filled with; or ""."""
    for text in _texts(value):
        if text == _A_PICKLE or program_in(text.encode("utf-8", "replace")):
            return f"code: {text[:80]}"
    return ""


def is_inert(value: Value) -> bool:
    """Only numbers, short words and containers of them: nothing that could steer a call."""
    return not evidence(value) and all(
        not isinstance(item, (Global, CallResult, LongLiteral)) and item is not Opaque.UNKNOWN
        for item in walk(value)
    )


def walk(value: Value) -> Iterator[Value]:
    """The value and what is in it, breadth first, up to a bound."""
    waiting = [value]
    for item in waiting:  # it grows on the way
        yield item
        if isinstance(item, tuple):
            waiting.extend(item[: LOOKED_AT - len(waiting)])
        elif isinstance(item, Container):
            waiting.extend(item.items[: LOOKED_AT - len(waiting)])
        elif isinstance(item, CallResult) and len(waiting) < LOOKED_AT:
            waiting.append(item.arguments)


def is_cut(value: Value) -> bool:
    """Whether ``walk`` ends before all that is in a value, or not all of it was kept."""
    every = list(walk(value))
    is_kept = not any(isinstance(item, Container) and item.is_partial for item in every)
    return not is_kept or len(every) >= LOOKED_AT


def is_weak(said: str) -> bool:
    """Whether evidence is only a word, a path or a host: honest objects hold such too."""
    return said.startswith(("a word", "a path", "a host"))


def _texts(value: Value) -> Iterator[str]:
    for item in walk(value):
        if isinstance(item, str):
            # Protocols below 3 write bytes as text: no shell would take what cannot be printed.
            if not _UNPRINTED.search(item):
                yield item
            elif item[:1] == "\x80" and _PICKLE.match(item.encode("latin-1", "replace")):
                yield _A_PICKLE
        elif isinstance(item, bytes) and _PICKLE.match(item):
            yield _A_PICKLE
        elif isinstance(item, bytes) and not _CONTROL.search(item):
            # Serialised data show shell text by chance, in bytes that no shell would take.
            yield item.decode("latin-1")
        elif isinstance(item, LongLiteral) and not _CONTROL.search(item.head):
            yield item.head[:LONGEST_TEXT].decode("latin-1")
