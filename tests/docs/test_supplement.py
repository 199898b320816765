"""The explanatory supplement names what the code has."""

import re
from pathlib import Path

import numpy as np
import pytest

from archive.survey.bits import INFO_DESCRIPTIONS, MASK_DESCRIPTIONS, bit_number
from processing.pipelines.science.pipeline import SCIENCE
from processing.science.photometry.quality import FATAL_BITS
from tests.processing.pipelines.test_pipelines import inputs_of
from tests.processing.science.starfield import star_field

DOCS = Path(__file__).parents[2] / "docs" / "supplement"
PRODUCTS = (DOCS / "products.md").read_text()


@pytest.fixture(scope="module")
def products():
    return SCIENCE.run(inputs_of(star_field((512, 512), 500, faint=21.0, seed=11)))


def first_cells(heading: str) -> str:
    """The first column of the table under a heading."""
    section = PRODUCTS.split(f"## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("|"))


def test_every_file_is_described():
    assert set(re.findall(r"^\| `([a-z.]+)` \|", PRODUCTS, re.M)) >= set(SCIENCE.makes)


@pytest.mark.parametrize(("heading", "suffix"), [("PSF catalog", "psfcat.fits"), ("Aperture catalog", "sexcat.fits")])
def test_every_column_is_described_and_no_other(products, heading, suffix):
    described = set(re.findall(r"`([A-Za-z_0-9]+)`", first_cells(heading)))
    assert described == set(products.files[suffix].data.colnames)


def test_every_bit_is_described_with_its_card_s_words():
    for bit, text in MASK_DESCRIPTIONS.items():
        assert f"| {bit_number(bit)} | {text}" in PRODUCTS
    numbers = [int(cell) for cell in first_cells("Quality").split() if cell.isdigit()]
    assert numbers == [bit_number(bit) for bit in INFO_DESCRIPTIONS]
    fatal = [bit_number(bit) for bit in INFO_DESCRIPTIONS if bit & FATAL_BITS]
    assert f"bits {', '.join(map(str, fatal[:-1]))} and {fatal[-1]}" in PRODUCTS


def test_every_card_that_is_named_is_written_and_the_other_way_round(products):
    section = PRODUCTS.split("## Header\n")[1].split("\n## ")[0]
    named = {card for card in re.findall(r"`([A-Z0-9]+)`", section) if not card.startswith("BIT")}
    later = {"CIDBIAS", "CIDHIFLT", "CIDLOFLT", "CIDPMASK", "CALFALL", "BIASAGE", "HIFLTAGE"}  # the job adds them
    identity = {"DBPID", "DBEXPID", "DBRID", "DBFIELD", "DBNID", "DBRCID", "DBFID", "DBPIPEID", "CREATED"}
    identity |= {"CCDID", "QID", "RCID", "EXPID"}
    written = {card for card, _, _ in products.files["sciimg.fits"].cards}
    assert named - later - identity <= written


def test_every_step_is_described():
    text = (DOCS / "science.md").read_text()
    missing = [step.__name__ for step in SCIENCE.steps if f"`{step.__name__}`" not in text]
    assert missing == []


def test_the_psf_s_cutout_has_the_size_that_is_described(products):
    assert np.shape(products.files["sciimgdaopsfcent.fits"].data) == (25, 25)
