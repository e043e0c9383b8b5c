"""Functions that read files: only those that were read as code of the same target."""

from __future__ import annotations

import posixpath

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.functions.encoding import ENCODING
from mlsec.iac.terraform.functions.spec import Function, text
from mlsec.iac.terraform.values import Value, join_text

# Functions of the content of a file, by the function of a text that they are.
_OF_CONTENT = {
    "file": None,
    "filebase64": "base64encode",
    "filebase64sha256": "base64sha256",
    "filebase64sha512": "base64sha512",
    "filemd5": "md5",
    "filesha1": "sha1",
    "filesha256": "sha256",
    "filesha512": "sha512",
}
FILE_FUNCTIONS = frozenset({*_OF_CONTENT, "fileexists"})


def read(name: str, file: str | UnknownValue) -> Value:
    """Call a function of a file, by its text."""
    if name == "fileexists":
        # That it is not among the code does not say that it is not there.
        return file if isinstance(file, UnknownValue) else True
    if isinstance(file, UnknownValue):
        return file
    wanted = _OF_CONTENT[name]
    return ENCODING[wanted].run(file) if wanted else file


def _in_home(path: str) -> Value:
    """Only a path that begins with a tilde has to do with who applies the code."""
    if not path.startswith("~"):
        return path
    home = UnknownValue("the home of who applies the code", "‹home›", is_given=True)
    return join_text([home, path[1:]]) if path[1:2] in ("", "/") else path


PATHS: dict[str, Function] = {
    "abspath": Function(lambda p: posixpath.normpath(text(p))),
    "basename": Function(lambda p: posixpath.basename(text(p))),
    "dirname": Function(lambda p: posixpath.dirname(text(p))),
    "fileset": Function(lambda *_: UnknownValue("fileset() looks at files that are no code")),
    "pathexpand": Function(lambda p: _in_home(text(p)), symbols=True),
}
