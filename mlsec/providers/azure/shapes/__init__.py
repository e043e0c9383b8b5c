"""Named functions that turn values of Azure into values of properties."""

from mlsec.providers.azure.shapes.table import SHAPES

__all__ = ["SHAPES"]
