"""Named functions that turn values of Google Cloud into values of properties."""

from mlsec.providers.gcp.shapes.table import SHAPES

__all__ = ["SHAPES"]
