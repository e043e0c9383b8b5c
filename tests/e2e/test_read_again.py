"""An assessment that is read back is the one that was written, and renders to the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.core.assessment import Assessment
from mlsec.core.enums import Profile
from mlsec.render import FORMATS, write_reports
from mlsec.snapshot.evidence import open_evidence
from tests.e2e import runs

_DEMO = runs.ROOT / "fixtures" / "demo"
_CHOICES = {
    "all": pipeline.Judging(),
    "strict": pipeline.Judging(profile=Profile.STRICT),
    "recommended": pipeline.Judging(profile=Profile.RECOMMENDED),
    "catalogue": pipeline.Judging(framework="nist-800-53:moderate"),
    "benchmark": pipeline.Judging(framework="cis-aws"),
}


def judged(judging: pipeline.Judging) -> Assessment:
    with open_evidence(_DEMO) as snapshot:
        return pipeline.judge(snapshot, pipeline.load(judging), judging, lambda *_: None)


@pytest.mark.parametrize("judging", _CHOICES.values(), ids=_CHOICES)
def test_what_is_read_back_is_equal_and_renders_to_the_same_bytes(
    judging: pipeline.Judging, tmp_path: Path
) -> None:
    assessment = judged(judging)
    first, second = tmp_path / "first", tmp_path / "second"
    write_reports(assessment, first, list(FORMATS))
    again = runs.load_assessment(first)
    assert again == assessment
    write_reports(again, second, list(FORMATS))
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    differ = [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()]
    assert differ == []


def test_reports_rendered_from_the_file_are_those_of_its_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    evidence = out / "evidence.mlsnap"
    out.mkdir()
    assert main(["snapshot", "import", str(_DEMO), "-o", str(evidence)]) == exits.CLEAN
    main(["scan", "--evidence", str(evidence), "-o", str(out), "-f", "html,json,csv,sheet,oscal"])
    assert main(["report", str(out), "-o", str(out), "-f", "html,csv,sheet,oscal"]) == exits.CLEAN
    capsys.readouterr()
    assert main(["report", "verify", str(out)]) == exits.CLEAN
    assert "reports: rendered again, the same in every byte" in capsys.readouterr().out
