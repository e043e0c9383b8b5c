"""checkov's JSON as it writes it, made here: no run of it is recorded."""

from __future__ import annotations

import json
from typing import Any


def failure(check: str = "CKV_X_1", file: str = "/main.tf", line: Any = 3, **more: Any) -> Any:
    """One failed check."""
    return {
        "check_id": check, "check_name": f"Ensure {check}", "file_path": file,
        "file_line_range": [line, line], "resource": "aws_x.y", "guideline": None,
        "check_result": {"result": "FAILED", "evaluated_keys": ["x"]}, "severity": None, **more,
    }  # fmt: skip


def report(*failed: Any, version: str = "3.3.30", errors: Any = (), skipped: Any = ()) -> Any:
    """The report of one framework."""
    return {
        "check_type": "terraform",
        "results": {
            "passed_checks": [], "failed_checks": list(failed), "skipped_checks": list(skipped),
            "parsing_errors": list(errors),
        },
        "summary": {"passed": 4, "failed": len(failed), "skipped": len(skipped),
                    "parsing_errors": len(errors), "checkov_version": version},
    }  # fmt: skip


def said(*reports: Any) -> bytes:
    """What it prints: one report, or a list of them."""
    return json.dumps(reports[0] if len(reports) == 1 else list(reports)).encode()
