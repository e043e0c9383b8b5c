"""What a newcomer may have meant: words of other tools and of the clouds, and what they are here.

Each answer is the end of a sentence that begins with what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from mlsec.core.suggestions import did_you_mean

_A_TARGET = "what is scanned is given without an option: mlsec scan {}"
_REGIONS = "regions are a part of the target: aws://ACCOUNT/REGION"
_SELECT = 'rules are chosen with --select GLOB, and left out with --select "!GLOB"'
# Options of other scanners, or a place where the clouds' own commands have one.
_OPTIONS: Mapping[str, str] = {
    "--region": _REGIONS, "--regions": _REGIONS,
    "--account": _A_TARGET.format("aws://ACCOUNT"),
    "--account-id": _A_TARGET.format("aws://ACCOUNT"),
    "--aws": _A_TARGET.format("aws"),
    "--azure": _A_TARGET.format("azure"),
    "--gcp": _A_TARGET.format("gcp"),
    "--kubernetes": _A_TARGET.format("kubernetes"),
    "--k8s": _A_TARGET.format("kubernetes"),
    "--context": _A_TARGET.format("kubernetes://CONTEXT"),
    "--namespace": _A_TARGET.format("kubernetes://CONTEXT/NAMESPACE"),
    "--project": _A_TARGET.format("gcp://PROJECT"),
    "--project-id": _A_TARGET.format("gcp://PROJECT"),
    "--subscription": _A_TARGET.format("azure://SUBSCRIPTION"),
    "--subscription-id": _A_TARGET.format("azure://SUBSCRIPTION"),
    "--target": _A_TARGET.format("TARGET"), "--targets": _A_TARGET.format("TARGET"),
    "--directory": _A_TARGET.format("FOLDER"), "--dir": _A_TARGET.format("FOLDER"),
    "--path": _A_TARGET.format("PATH"), "--file": _A_TARGET.format("FILE"),
    "-d": _A_TARGET.format("FOLDER"),
    "--check": _SELECT, "--checks": _SELECT, "--skip": _SELECT, "--skip-check": _SELECT,
    "--services": _SELECT, "--service": _SELECT, "--ignore": _SELECT,
    "--soft-fail": "to end with 0 whatever is found: --fail-on none --min-coverage 0",
    "--no-fail": "to end with 0 whatever is found: --fail-on none --min-coverage 0",
    "--exit-code": "what ends with 10 is chosen with --fail-on SEVERITY",
    "--output-format": "formats are chosen with -f FORMAT, their folder with -o DIR",
    "--output-directory": "the folder for reports is chosen with -o DIR",
    "--output-file": "to write one format into a file: -f FORMAT > FILE",
}  # fmt: skip
_COMMANDS: Mapping[str, str] = {
    "help": "the help is mlsec --help, or mlsec COMMAND --help",
    "version": "the version is mlsec --version",
    "login": "sign in with the cloud's own command, and try it with mlsec doctor",
    "policy": "the rights of a scan are printed by mlsec doctor --policy PROVIDER",
}
# Other names of what is called so here.
_CLOUDS: Mapping[str, str] = {
    "amazon": "aws", "sagemaker": "aws", "bedrock": "aws", "microsoft": "azure", "azureml": "azure",
    "google": "gcp", "gcloud": "gcp", "vertex": "gcp", "googlecloud": "gcp", "k8s": "kubernetes",
    "kube": "kubernetes", "eks": "kubernetes", "aks": "kubernetes", "gke": "kubernetes",
}  # fmt: skip
_VALUES: Mapping[str, str] = {"--profile": "a profile of AWS is chosen with --aws-profile NAME"}
_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "huggingface.co", "hf.co")
_ACCOUNT = re.compile(r"\d{12}")
_ARN_ACCOUNT = re.compile(r"arn:[a-z-]{1,20}:[a-z0-9-]{1,40}:[a-z0-9-]{0,40}:(\d{12}):")
_SUBSCRIPTION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPTION_WORD = re.compile(r"[a-z][a-z-]{1,30}=")


def option_meant(word: str, known: Iterable[str], formats: Collection[str] = ()) -> str:
    """Say what an unknown option may have been meant for, "" when nothing is near."""
    names = {*known}
    if word in _OPTIONS and "--select" in names:
        return f"; {_OPTIONS[word]}"
    plain = word.lstrip("-")
    if plain in formats:
        return f"; a format is chosen with -f {plain}"
    for name in (f"--{plain}", f"--{plain.lower().replace('_', '-')}"):
        if name in names:
            return f'; did you mean "{name}"?'
    return did_you_mean(word, names)


def command_meant(word: str, known: Collection[str]) -> str:
    """Say what an unknown command may have been meant for, "" when nothing is near."""
    from mlsec.targets.collectors import scheme_of

    if word in _COMMANDS:
        return f"; {_COMMANDS[word]}"
    if "scan" in known and (scheme_of(word) or Path(word).exists()):
        return f'; did you mean "mlsec scan {word}"?'
    return did_you_mean(word, known)


def value_meant(option: str, value: str, known: Collection[str]) -> str:
    """Say what a value that is not one of the choices may have been meant for."""
    other = _CLOUDS.get(value.lower(), "")
    if other in known:
        return f'; did you mean "{other}"?'
    return did_you_mean(value, known) or (f"; {_VALUES[option]}" if option in _VALUES else "")


def target_meant(target: str) -> str:
    """Say what a target that is neither an address nor there may have been meant for, or ""."""
    lower = target.lower().strip()
    account = _ARN_ACCOUNT.match(target)
    cloud = _CLOUDS.get(lower, lower if lower in _CLOUDS.values() else "")
    if cloud:
        return f'did you mean "{cloud}"?'
    if account or _ACCOUNT.fullmatch(target):
        return f'did you mean "aws://{account[1] if account else target}"?'
    if _SUBSCRIPTION.fullmatch(lower):
        return f'did you mean "azure://{lower}"?'
    if lower.startswith(("git@", "ssh://", "git://")):
        return "clone the repository and scan its folder"
    if _OPTION_WORD.match(target):
        return f'did you mean "--{target}"?'
    if any(mark in target for mark in "*?["):
        return "no file has such a name: scan the folder"
    return _near_path(target)


def repository_page(host: str, path: str) -> str:
    """Say what to do with the web page of a repository, "" for any other address."""
    if host.lower().removeprefix("www.") not in _CODE_HOSTS or not path.strip("/"):
        return ""
    return (
        "is the page of a repository, which is not scanned from there; clone it and scan its folder"
    )


def _near_path(target: str) -> str:
    """Name what lies beside a path that is not there and is called almost the same."""
    path = Path(target)
    try:
        names = [item.name for item in path.parent.iterdir()][:2000]
    except OSError:
        return ""
    near = did_you_mean(path.name, names).removeprefix('; did you mean "').removesuffix('"?')
    return f'did you mean "{path.parent / near}"?' if near else ""
