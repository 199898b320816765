"""Documents of forced photometry: they say what the code has."""

import re
from pathlib import Path

from django.urls import reverse

from portal.forms.forced import ForcedForm
from portal.urls.forced import urlpatterns
from processing.forced import jobs
from processing.forced.table import TABLE
from processing.science.forced.photometry import STATUS, ForcedConfig

DOCS = Path(__file__).parents[2] / "docs"
GUIDE, SUPPLEMENT = ((DOCS / folder / "forced.md").read_text() for folder in ("guide", "supplement"))


def test_every_column_and_every_code_is_described_with_the_code_s_words():
    for column in TABLE.columns:
        assert f"| `{column.name}` | {column.description} |" in SUPPLEMENT
    assert re.findall(r"^\| (\d+) \| (.*) \|$", SUPPLEMENT, re.M) == [(str(k), text) for k, text in STATUS.items()]


def test_the_numbers_of_the_procedure_are_the_config_s():
    config = ForcedConfig()
    for text in (
        f"within {config.section} pixels", f"S/N above {config.psf_snr:.0f}", f"fewer than {config.min_stars} stars",
        f"from {config.sky_inner:.0f} to {config.sky_outer:.0f} pixels", f"scatter to {config.noise_radius:.0f} pixels",
        f"within {config.fit_radius:.0f} FWHM", f"diameter of {config.aperture:.0f} pixels",
        f"to {100 * config.alike:.0f} % of the peak",
    ):  # fmt: skip
        assert text in SUPPLEMENT, text


def test_every_parameter_is_described_and_every_address_that_is_named_exists():
    rows = GUIDE.split("| parameter |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z]+)`", "\n".join(line.split("|")[1] for line in rows.splitlines()[2:]))) == set(
        ForcedForm().fields
    )
    known = {reverse(one.name) for one in urlpatterns if "<" not in str(one.pattern)}
    named = set(re.findall(r"(?:127\.0\.0\.1:8000|`)(/(?:cgi-bin|api/forced|forced)[A-Za-z./]*)", GUIDE))
    assert known <= {name for name in named if "JOB" not in name}
    assert {name for name in named if "JOB" not in name} <= known
    assert f"up to {jobs.MOST_POSITIONS} positions" in GUIDE
