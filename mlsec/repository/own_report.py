"""An earlier assessment among the files of a target, as opposed to a file that claims to be one."""

from __future__ import annotations

import msgspec

from mlsec.core.assessment import Assessment

_KEYS = frozenset(field.encode_name for field in msgspec.structs.fields(Assessment))


def is_assessment(text: str) -> bool:
    """Whether a text holds the keys of an assessment and no others.

    With no further key it declares nothing in any language that is read here, so that nobody
    hides code behind the name of the schema.
    """
    try:
        result = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return False
    return result.keys() <= _KEYS | {"schema"}
