from pathlib import Path

import pytest

from archive.survey.bits import (
    BAD_PIXEL_MASK,
    INFO_DESCRIPTIONS,
    MASK_DESCRIPTIONS,
    SOURCE_MASK,
    InfoBit,
    MaskBit,
    bit_number,
)

REAL_IMAGES = Path(__file__).parents[4] / "shared" / "data" / "images"


def test_the_templates_are_those_of_the_supplement():
    assert (BAD_PIXEL_MASK, SOURCE_MASK) == (6141, 2050)


def test_mask_bits_are_0_to_12_and_info_bits_0_to_21_and_25():
    assert [bit_number(bit) for bit in MaskBit] == list(range(13))
    assert [bit_number(bit) for bit in InfoBit] == [*range(22), 25]


@pytest.mark.realdata
@pytest.mark.parametrize(("suffix", "descriptions"), [("mskimg", MASK_DESCRIPTIONS), ("sciimg", INFO_DESCRIPTIONS)])
def test_descriptions_are_word_for_word_those_of_a_real_header(suffix, descriptions):
    from astropy.io import fits

    found = sorted(REAL_IMAGES.glob(f"*_{suffix}.fits"))
    if not found:
        pytest.skip(f"no real {suffix} in {REAL_IMAGES}")
    header = fits.getheader(found[0])
    for bit, text in descriptions.items():
        card = f"BIT{bit_number(bit):02d}"
        if card in header:
            assert header.comments[card] == text
