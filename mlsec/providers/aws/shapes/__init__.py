"""Named functions that turn values of AWS into values of properties."""

from mlsec.providers.aws.shapes.table import SHAPES

__all__ = ["SHAPES"]
