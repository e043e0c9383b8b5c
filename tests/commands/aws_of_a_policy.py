"""An aws whose only policy is ``policy.json`` in the working directory: read it, or put another."""

from __future__ import annotations

import json
import sys
from pathlib import Path

_POLICY = Path("policy.json")
_OPTIONS = ("--policy", "--policy-text", "--resource-policy", "--policy-document")


def main(words: list[str]) -> int:
    """Print the policy, or write the one that is given; one that is no JSON is refused."""
    given = [words[at + 1] for at, word in enumerate(words) if word in _OPTIONS]
    if not given:
        text = _POLICY.read_text("utf-8")
        named = {"resourcePolicies": [{"policyName": "name", "policyDocument": text}]}
        sys.stdout.write(json.dumps(named) if words[0] == "logs" else text)
        return 0
    if not given[0]:
        sys.stderr.write("MalformedPolicy\n")
        return 254
    _POLICY.write_text(json.dumps(json.loads(given[0])), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
