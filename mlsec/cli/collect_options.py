"""The options of ``scan`` and ``collect`` about collecting evidence, and their settings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli.applicability import check_options
from mlsec.cli.config.apply import configured_options
from mlsec.cli.target import check_target, is_path, is_remote, kind_of
from mlsec.cli.values import positive, positive_number
from mlsec.core.errors import MlsecError, UsageError
from mlsec.core.foreign import distrust
from mlsec.core.programs import use_safe_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlsec.collect.settings import CollectSettings
    from mlsec.vocabulary.types import Vocabulary


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--aws-profile": {
        "default": "",
        "metavar": "NAME",
        "help": "AWS profile whose credentials are used (default: those of the environment)",
    },
    "--role-arn": {
        "action": "append",
        "default": [],
        "metavar": "ARN",
        "help": "IAM role to assume, whose account is scanned as well; repeat it for more accounts",
    },
    "--external-id": {
        "default": "",
        "metavar": "ID",
        "help": "external id to assume the roles with (default: none)",
    },
    "--organisation": {
        "metavar": "NAME",
        "nargs": "?",
        "const": "",
        "default": None,
        "help": "scan the whole organisation: on AWS every account, by assuming the role NAME in it"
        " (default OrganizationAccountAccessRole); on Azure the management group NAME (default: the"
        " root group); on Google Cloud all projects below NAME, such as folders/123 (default: all"
        " that are visible)",
    },
    "--configmaps": {
        "action": "store_true",
        "help": "read the config maps of the cluster too; values that look secret are masked",
    },
    "--probe-private": {
        "action": "store_true",
        "help": "also probe host names that resolve to private or loopback addresses (default: such"
        " an address is probed only where the target gives it as a number)",
    },
    "--trust": {
        "type": Path,
        "metavar": "FILE",
        "help": "trust policy (YAML) that the signatures of model files are verified against",
    },
    "--digests": {
        "action": "store_true",
        "help": "compute the SHA-256 of every model file, for the CycloneDX bill of materials",
    },
    "--no-cache": {
        "action": "store_true",
        "help": "read every object again, even one that has not changed since an earlier scan",
    },
    "--require-sandbox": {
        "action": "store_true",
        "help": "refuse to read files where the system cannot confine the processes that read them"
        " (exit 2); mlsec doctor shows what is in force",
    },
    "--exclude": {
        "action": "append",
        "default": [],
        "metavar": "GLOB",
        "help": "leave out the files and folders of this name, or with a slash of this path in the"
        " target; * stands for any characters, slashes too; the report counts them as excluded by"
        " you; repeatable",
    },
    "--with": {
        "action": "append",
        "default": [],
        "choices": ("checkov",),
        "dest": "others",
        "metavar": "TOOL",
        "help": "run this tool over the code too and merge its results: checkov",
    },
    "--checkov": {
        "type": Path,
        "metavar": "PATH",
        "help": "path of the checkov program (default: MLSEC_CHECKOV, then .venv-checkov, then"
        " PATH)",
    },
    "--checkov-json": {
        "type": Path,
        "metavar": "FILE",
        "help": "merge the results of an earlier run of checkov over the one folder, in its JSON",
    },
    "--resume": {
        "action": "store_true",
        "help": "continue an interrupted collection; calls that were answered are not made again",
    },
    "--in-flight": {
        "type": positive,
        "default": 64,
        "metavar": "N",
        "help": "greatest number of calls at the same time (default 64)",
    },
    "--max-rps": {
        "type": positive_number,
        "default": 0.0,
        "metavar": "N",
        "help": "requests a second to start with, per account, region and service; lowered when the"
        " service throttles, raised when it does not (default 60)",
    },
    "--tries": {
        "type": positive,
        "default": 8,
        "metavar": "N",
        "help": "greatest number of attempts per call (default 8)",
    },
    "--deadline": {
        "type": positive_number,
        "default": 0.0,
        "metavar": "SECONDS",
        "help": "seconds after which no more calls are made for a target; what is missing by then"
        " is not assessed (default: no limit)",
    },
}


def add_collecting(parser: argparse.ArgumentParser) -> None:
    """Add the options of a collection."""
    group = parser.add_argument_group(
        "collecting evidence",
        "In brackets: the kinds of target that an option applies to. It is refused where no target"
        " is of such a kind.",
    )
    for name, keywords in _OPTIONS.items():
        group.add_argument(name, **keywords)


def check_targets(command: str, args: argparse.Namespace, formats: Sequence[str] = ()) -> None:
    """Refuse targets that are misspelt, and options that apply to none of them.

    Raises:
        MlsecError: names the target or the option.
    """
    for target in args.targets:
        check_target(target)
    distrust(Path(target) for target in args.targets if not is_remote(target))
    use_safe_path()
    kinds = {target: kind_of(target) for target in args.targets}
    if getattr(args, "evidence", None) is not None:
        kinds[str(args.evidence)] = "snapshot"
    subjects = {"target": kinds, "format": {name: name for name in formats}}
    check_options(command, args.given, subjects, configured_options(args))
    if args.organisation is not None:
        _check_organisation(command, args.organisation, kinds)


def _check_organisation(command: str, name: str, kinds: Mapping[str, str]) -> None:
    """On Google Cloud it widens a target without projects, by a name of a form of its own."""
    if {"aws", "azure"} & {*kinds.values()}:
        return
    projects = [target for target, kind in kinds.items() if kind == "gcp"]
    if all(target.removeprefix("gcp").removeprefix("://") for target in projects):
        raise UsageError(
            f"--organisation does not apply to {projects[0]}, which names its projects",
            location=command,
            hint="give the target gcp",
        )
    if name and not name.startswith(("organizations/", "folders/")):
        raise UsageError(
            f'--organisation: "{name}" is not an organisation or folder of Google Cloud',
            location=command,
            hint="such as organizations/123 or folders/456",
        )


def collect_settings(args: argparse.Namespace, vocabulary: Vocabulary) -> CollectSettings:
    """Turn options into collection settings."""
    from mlsec.collect.settings import CollectSettings
    from mlsec.model_files.cache import default_cache

    if args.trust is not None:
        from mlsec.signing.api import load_policy

        load_policy(args.trust)  # refused before a long collection, not after it
    chosen = {"start_per_s": args.max_rps} if args.max_rps else {}
    if args.organisation:
        chosen["role_name"] = args.organisation
    return CollectSettings(
        vocabulary=vocabulary,
        profile=args.aws_profile,
        role_arns=tuple(args.role_arn),
        external_id=args.external_id,
        is_organisation=args.organisation is not None,
        in_flight=args.in_flight,
        tries=args.tries,
        deadline_s=args.deadline,
        trust=args.trust,
        has_digests=args.digests,
        has_configmaps=args.configmaps,
        is_sandbox_required=args.require_sandbox,
        excluded=tuple(args.exclude),
        cache=None if args.no_cache else default_cache(),
        is_private_probed=args.probe_private,
        checkov=_checkov(args),
        checkov_json=args.checkov_json,
        **chosen,
    )


def reading_ahead(args: argparse.Namespace) -> AbstractContextManager[None]:
    """Let the process that reads the files of a folder start while the rules are loaded.

    Raises:
        MlsecError: it cannot be confined, and --require-sandbox is given.
    """
    if not args.require_sandbox and not any(map(is_path, args.targets)):
        return nullcontext()
    from mlsec.artifacts.sandbox.ahead import process_ahead

    return process_ahead(is_required=args.require_sandbox)


def _checkov(args: argparse.Namespace) -> str:
    """Find checkov before a long collection; "" where it was not asked for."""
    if args.checkov_json is not None:
        from mlsec.repository.checkov.collector import check_json

        check_json(args.checkov_json)
        if len([target for target in args.targets if not is_remote(target)]) != 1:
            raise MlsecError(
                "--checkov-json holds the results for one folder", hint="give that folder alone"
            )
    if "checkov" not in args.others:
        return ""
    from mlsec.repository.checkov.program import find_checkov

    return find_checkov(str(args.checkov or "")).path
