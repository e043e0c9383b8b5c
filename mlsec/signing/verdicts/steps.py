"""A step of a verification that did not hold, and how steps become checks of a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mlsec.signing.errors import MalformedError, SigningError, UnsupportedError
from mlsec.signing.verdicts.verdict import Check, failed, not_checked, passed

Found = TypeVar("Found")


class CheckFailedError(SigningError):
    """What was to hold does not; ``expected`` and ``actual`` are the values that decided."""

    def __init__(
        self, message: str, *, expected: str = "", actual: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.expected = expected
        self.actual = actual


class Steps:
    """Runs the steps of one verification in order and keeps a check of each."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    def run(self, check_id: str, what: str, step: Callable[[], Found]) -> Found | None:
        """Give what ``step`` found; None, and a check that did not pass, if it refused."""
        try:
            found = step()
        except CheckFailedError as error:
            self._checks.append(
                failed(
                    check_id,
                    error.message,
                    expected=error.expected,
                    actual=error.actual,
                    fix=error.hint,
                )
            )
            return None
        except UnsupportedError as error:
            self._checks.append(not_checked(check_id, error.message, fix=error.hint))
            return None
        except MalformedError as error:
            self._checks.append(failed(check_id, error.message, fix=error.hint))
            return None
        self._checks.append(passed(check_id, what))
        return found

    def add(self, *checks: Check) -> None:
        """Keep checks that were made elsewhere."""
        self._checks.extend(checks)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks so far, in order."""
        return tuple(self._checks)
