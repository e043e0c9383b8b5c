"""Parameters of LightGBM that name files and machines, as a model's own text repeats them."""

from __future__ import annotations

from mlsec.artifacts.content.references import is_remote, leaves_folder, note_reference
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

PARAMETER = regex(r"\[(?P<name>[\w-]{1,60}): (?P<value>.*)\]\r?\Z")
# What training and converting again would read, and what they would write.
_READS = frozenset(
    """data valid input_model forcedsplits_filename forcedbins_filename initscore_filename
    valid_data_initscores parser_config_file machine_list_filename config""".split()  # noqa: SIM905
)
_WRITES = frozenset("output_model output_result convert_model save_binary_filename".split())  # noqa: SIM905
# Where programs are kept, started or configured: no model is written there, no data lie there.
_SYSTEM = regex(
    r"(?:file://)?(?:/(?:etc|bin|sbin|boot|dev|proc|sys|root|usr|lib|var/spool)(?:/|\Z)|~|\$"
    r"|(?i:[a-z]:[\\/](?:windows|programdata|program files))"
    r"|.*/\.(?:ssh|bashrc|profile|config|aws|kube)\b)"
)
_HOST = regex(r"(?P<host>[A-Za-z0-9.-]{1,253}):\d{1,5}\Z")
_NEAR = regex(
    r"(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|localhost\Z|[^.]*\Z"
    r"|.*\.(?:local|internal|lan|svc)\Z)"
)


def judge_parameter(name: str, value: str, record: Recorder, offset: int) -> None:
    """Note a parameter that leads to the system, to an address or to a foreign machine.

    Loading a model for predictions uses none of them; going on to train from it may.
    """
    if name == "machines":
        for machine in value.split(",")[:100]:
            match = _HOST.match(machine.strip())
            if match and not _NEAR.match(match["host"]):
                detail = "training from this model would connect to this machine"
                record.fact(FactKind.REMOTE_REFERENCE, machine.strip(), detail, offset=offset)
        return
    if not value or name not in _READS | _WRITES:
        return
    does = "would write" if name in _WRITES else "would read"
    for path in value.split(",")[:100]:
        if is_remote(path):
            note_reference(record, path, f"what the parameter {name} names", offset=offset)
        elif _SYSTEM.match(path) or (leaves_folder(path) and ".." in path):
            detail = f"training from this model {does} it (parameter {name})"
            kind = FactKind.OUTSIDE_REFERENCE
            record.fact(kind, path, detail, offset=offset, danger=Severity.MEDIUM)
