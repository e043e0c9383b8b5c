"""What expressions are evaluated with: the names they may use, and the steps they may take."""

from __future__ import annotations

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.values import Value

# All the steps that the code of one target may take; a large estate takes a tenth of it. One root
# module may not take so many that nothing is left for the others.
MAX_STEPS = 3_000_000
MAX_ROOT_STEPS = 600_000


class Budget:
    """What is left to spend on one root module, shared by all that it calls."""

    def __init__(self, steps: int = MAX_ROOT_STEPS) -> None:
        self.granted = self.steps = steps
        self.depth = 0

    @property
    def spent(self) -> int:
        """How many steps were taken."""
        return self.granted - max(0, self.steps)

    @property
    def is_spent(self) -> bool:
        """Whether evaluation was cut off."""
        return self.steps <= 0


class Names:
    """What the words of a scope stand for, and the files that its functions may read."""

    def lookup(self, name: str) -> Value:
        """Give a word's value or space; UnknownValue for a word that nothing declares."""
        raise NotImplementedError

    def read_file(self, path: str) -> str | UnknownValue:
        """Give the text of a file of the same target."""
        raise NotImplementedError
