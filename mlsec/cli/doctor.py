"""``mlsec doctor``: what this installation has, and what rights a scan needs."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlsec import __version__
from mlsec.cli import console, exits
from mlsec.cli.applicability import LIVE, check_options, describe
from mlsec.cli.policy_parts import MANAGED_POLICY_CHARS, policy_parts, size_chars
from mlsec.core.errors import MlsecError, UsageError

_PACKAGES = ("msgspec", "pyyaml", "jinja2", "cryptography")
_NETWORK = (
    "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AZURE_ENVIRONMENT", "AZURE_AUTHORITY_HOST",
    "AZURE_RESOURCE_MANAGER_ENDPOINT", "GOOGLE_CLOUD_PROJECT", "MLSEC_GCP_ENDPOINT",
    "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "NO_PROXY", "KUBECONFIG",
)  # fmt: skip
_MISSING = "(not installed)"
# What a scan does without an extra.
_COSTS = {
    "archives": "models in 7z, lz4 and zstandard archives are not assessed",
    "aws": "aws and s3:// cannot be scanned",
    "azure": "azure and az:// cannot be scanned",
    "blake3": "signatures over BLAKE3 digests cannot be verified",
    "bom": "the CycloneDX bill of materials (-f cyclonedx) cannot be written",
    "completion": "mlsec completion cannot write the script for a shell",
    "fleet": "an organisation cannot be scanned by a fleet of workers (mlsec fleet)",
    "gcp": "gcp and gs:// cannot be scanned",
    "helm": "Helm charts are not rendered, and not assessed",
    "iac": "Terraform code is not assessed; its plans in JSON are",
    "kubernetes": "clusters cannot be scanned; manifests can",
    "notify": "only webhooks can be notified (--notify)",
    "postgres": "a history cannot be kept in PostgreSQL (--history postgresql://...)",
    "web": "the live page (mlsec serve) cannot be shown",
    "xlsx": "the workbook (-f xlsx) cannot be written",
}


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="show the installation, or print the rights that a scan needs",
        description="Without options: the versions installed and the settings of the environment"
        " that a scan uses; nothing is contacted. With targets: sign in to each, and ask each of"
        " its services one question, to see which rights a scan would lack.",
        epilog=exits.EPILOG,
    )
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET",
        help="account, cluster or cloud to try, such as aws, azure://SUBSCRIPTION, gcp or"
        " kubernetes://CONTEXT",
    )  # fmt: skip
    parser.add_argument(
        "--policy", choices=LIVE, metavar="PROVIDER",
        help="print the least-privilege policy or role for a scan of aws, azure, gcp or kubernetes",
    )  # fmt: skip
    parser.add_argument(
        "--organisation", action="store_true",
        help="include the rights to list the accounts or projects of the organisation",
    )  # fmt: skip
    parser.add_argument(
        "--configmaps", action="store_true", help="include the right to read config maps"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR",
        help="write the policy into this folder: on AWS as managed policies of at most 6,144"
        " characters each (default: one document, to stdout)",
    )  # fmt: skip
    describe(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the policy as JSON, or what is installed."""
    policies = {args.policy: args.policy} if args.policy else {}
    check_options("mlsec doctor", args.given, {"policy": policies})
    if args.policy:
        from mlsec.targets.collectors import POLICIES

        policy = POLICIES[args.policy](is_organisation=_is_wide(args))
        if args.output is not None:
            return _write_policy(args.policy, policy, args.output)
        console.out(policy)
        _note_use(args.policy, policy)
        return exits.CLEAN
    return _sign_in(args.targets) if args.targets else _installation()


def _sign_in(targets: Sequence[str]) -> int:
    """Sign in to each target and ask each service one question; exit 11 when one refuses."""
    from mlsec.cli.doctor_rights import try_rights
    from mlsec.cli.target import is_remote
    from mlsec.collect.settings import CollectSettings
    from mlsec.core.content_paths import content_folder
    from mlsec.core.sanitize import visible
    from mlsec.targets.collectors import COLLECTORS, SCHEMES, scheme_of
    from mlsec.vocabulary.load import load_vocabulary

    for target in targets:
        if not is_remote(target) or COLLECTORS[SCHEMES[scheme_of(target)]].check is None:
            raise UsageError(
                f'there is nothing to sign in to at "{target}"; give aws, azure, gcp or kubernetes'
            )
    settings = CollectSettings(vocabulary=load_vocabulary(content_folder("rules") / "vocabulary"))
    refused = 0
    for target in targets:
        collector, wanted = COLLECTORS[SCHEMES[scheme_of(target)]], "sign in"
        try:
            if collector.check is not None:
                collector.check(target, settings)
            console.out(f"{target}: signed in")
            wanted = "be scanned"
            refused += try_rights(target, collector, settings)
        except MlsecError as error:
            refused += 1
            console.out(f"{target}: cannot {wanted}: {visible(error.message, 400)}")
            if error.hint:
                console.out(f"    to mend it: {visible(error.hint, 400)}")
    return exits.INCOMPLETE if refused else exits.CLEAN


def _is_wide(args: argparse.Namespace) -> bool:
    """A cluster has no organisation above it; there the wider role reads config maps."""
    return bool(args.configmaps if args.policy == "kubernetes" else args.organisation)


def _note_use(provider: str, policy: str) -> None:
    if provider == "aws" and size_chars(policy) > MANAGED_POLICY_CHARS:
        console.note(
            f"{size_chars(policy):,} characters without white space: more than a managed policy may"
            f" have ({MANAGED_POLICY_CHARS:,}); -o DIR writes"
            f" {len(policy_parts(policy))} that fit, or put it into the role as an inline policy"
        )
    if provider == "azure":
        console.note(
            "put your subscription or management group into AssignableScopes, then"
            " az role definition create --role-definition @role.json"
        )
    if provider == "gcp":
        console.note(
            "gcloud iam roles create mlsecScan --file=role.yaml --organization=ORGANIZATION"
            " (a project's own role cannot hold the rights on folders and organisations)"
        )

    if provider == "kubernetes":
        console.note(
            "kubectl apply -f role.yaml, then kubectl create clusterrolebinding mlsec-scan"
            " --clusterrole=mlsec-scan --serviceaccount=NAMESPACE:NAME; for some namespaces only,"
            " bind it there with kubectl create rolebinding"
        )


def _write_policy(provider: str, policy: str, folder: Path) -> int:
    """Write the policy, in as many documents as the provider needs."""
    from mlsec.cli.files import write_file

    parts = policy_parts(policy) if provider == "aws" else (policy,)
    ending = "json" if policy.lstrip().startswith("{") else "yaml"
    for number, part in enumerate(parts, start=1):
        path = folder / f"mlsec-scan-{provider}{f'-{number}' if len(parts) > 1 else ''}.{ending}"
        write_file(path, part.encode())
        console.note(f"wrote {path}")
    if provider == "aws":
        console.note(
            "for each: aws iam create-policy --policy-name NAME --policy-document file://FILE, then"
            " aws iam attach-role-policy --role-name ROLE --policy-arn ARN"
        )
    else:
        _note_use(provider, policy)
    return exits.CLEAN


def _installation() -> int:
    import platform

    from mlsec.core import installation
    from mlsec.core.content_paths import content_folder
    from mlsec.core.sanitize import visible
    from mlsec.engine.rules.load import load_content

    console.out(f"mlsec {__version__}, Python {platform.python_version()}")
    console.out(f"  {visible(installation.origin())}")
    for name in _PACKAGES:
        console.out(f"  {_version(name)}")
    for extra, requirements in installation.EXTRAS.items():
        _show_extra(extra, requirements)
    _show_kustomize()
    for name in _NETWORK:
        if value := os.environ.get(name):
            console.out(f"  {name}={visible(value.rpartition('@')[2], 200)}")
    _show_sandbox()
    ruleset = load_content(content_folder("rules"))
    console.out(f"  {len(ruleset.rules)} rules, digest {ruleset.digest[:16]}")
    others = installation.other_owners()
    if others:
        raise MlsecError(
            f"{', '.join(others)} installed files into mlsec's folder as well",
            hint=f"uninstall it and {installation.DISTRIBUTION}, then install the latter again",
        )
    return exits.CLEAN


def _show_sandbox() -> None:
    """Print how the processes that read files are confined on this machine."""
    from mlsec.artifacts.sandbox.ahead import confinement_here, process_ahead

    with process_ahead():
        confinement = confinement_here()
    console.out(f"  reading processes confined by: {', '.join(confinement.in_force) or 'nothing'}")
    if confinement.missing:
        console.out(f"    missing: {', '.join(confinement.shortfalls)}")
    if not confinement.is_enough:
        console.out(
            "    without it: a file that attacks its reader could do what this user may do; scans"
            " with --require-sandbox are refused"
        )


def _show_kustomize() -> None:
    """Print where kustomize is, and what a scan lacks without it."""
    from mlsec.core.programs import find_program
    from mlsec.core.sanitize import visible
    from mlsec.iac.rendered.overlay_engine import INSTALL

    try:
        console.out(f"  kustomize: {visible(find_program('kustomize', INSTALL), 200)}")
    except MlsecError as error:
        console.out(f"  kustomize: {error.message}")
        console.out("    without it: kustomizations are not built, and not assessed")
        console.out(f"    to add it: {INSTALL}")


def _show_extra(extra: str, requirements: tuple[str, ...]) -> None:
    """Print the versions of what an extra needs, and the command that adds what is missing."""
    from mlsec.core.installation import command_to_add
    from mlsec.core.sanitize import visible

    versions = [_version(re.split(r"[\[<>=]", name)[0]) for name in requirements]
    console.out(f"  {extra}: {', '.join(versions)}")
    if any(line.endswith(_MISSING) for line in versions):
        console.out(f"    without it: {_COSTS[extra]}")
        console.out(f"    to add it: {visible(command_to_add(extra))}")


def _version(distribution: str) -> str:
    import importlib.metadata

    try:
        return f"{distribution} {importlib.metadata.version(distribution)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{distribution} {_MISSING}"
