"""Reports rendered from an assessment: the table of formats, writing, and reading back."""

from mlsec.render.assessment_read import read_assessment
from mlsec.render.formats import FORMATS, Format
from mlsec.render.settings import RenderSettings
from mlsec.render.write import write_reports

__all__ = ["FORMATS", "Format", "RenderSettings", "read_assessment", "write_reports"]
