import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.survey import filenames as fn

CCD, QID, FIELD = st.integers(1, 16), st.integers(1, 4), st.integers(0, 1895)
FILTER = st.sampled_from(fn.SCIENCE_FILTERS)
NIGHT = st.dates().filter(lambda day: day.year >= 2017).map(lambda day: int(f"{day:%Y%m%d}"))
TIME = st.tuples(NIGHT, st.integers(0, 999999)).map(lambda parts: parts[0] * 10**6 + parts[1])
RAW = st.builds(fn.raw_name, TIME, FIELD, st.sampled_from(fn.RAW_FILTERS), CCD, st.sampled_from("obdfcg"))
SCI = st.builds(fn.sci_name, TIME, FIELD, FILTER, CCD, QID, st.sampled_from(fn.SCI_SUFFIXES))
CAL = st.builds(
    lambda night, caltype, filtercode, ccdid, qid, tail: fn.cal_name(
        night, caltype, filtercode, ccdid, qid, fn.CALTYPE_STEMS[caltype] + tail
    ),
    NIGHT,
    st.sampled_from(fn.CALTYPES),
    st.sampled_from(fn.CAL_FILTERS),
    CCD,
    QID,
    st.sampled_from([".fits", "unc.fits", "cmask.fits", "log.txt"]),
)
REF = st.builds(fn.ref_name, FIELD, FILTER, CCD, QID, st.sampled_from(fn.REF_SUFFIXES))


@given(st.one_of(RAW, SCI, CAL, REF))
def test_a_name_reads_back_as_what_it_was_made_from(product):
    assert fn.parse(product.name) == product
    assert fn.parse(product.path) == product


def test_real_names_and_paths():
    raw = fn.parse("ztf_20200924431759_000655_zr_c13_o.fits.fz")
    assert raw.path == "raw/2020/0924/431759/ztf_20200924431759_000655_zr_c13_o.fits.fz"
    assert raw.rcid is None
    sci = fn.parse("ztf_20200924431759_000655_zr_c13_o_q3_sciimg.fits")
    assert (sci.kind, sci.field, sci.rcid, sci.suffix) == ("sci", 655, 50, "sciimg.fits")
    cal = fn.cal_name(20200924, "bias", "00", 13, 3, "biasunc.fits")
    assert cal.path == "cal/2020/0924/bias/00/ccd13/q3/ztf_20200924_00_c13_q3_biasunc.fits"
    ref = fn.ref_name(655, "zr", 13, 3, "refimg.fits")
    assert ref.path == "ref/000/field000655/zr/ccd13/q3/ztf_000655_zr_c13_q3_refimg.fits"
    assert fn.parse("ztf_20200924431759_000655_zr_c13_o_q3_scimrefdiffimg.fits.fz").kind == "sci"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("ztf_20200924431759_000655_zr_c17_o.fits.fz", "ccdid=17"),
        ("ztf_20200924431759_000655_zu_c13_o.fits.fz", "filter='zu'"),
        ("ztf_20201324431759_000655_zr_c13_o.fits.fz", "date in 20201324431759"),
        ("ztf_20200924431759_000655_zr_c13_x.fits.fz", "type='x'"),
        ("ztf_20200924431759_000655_zr_c13_o_q5_sciimg.fits", "qid=5"),
        ("ztf_20200924_zr_c13_q3_darkflat.fits", "caltype=None"),
        ("../../ztf_000655_zr_c13_q3_refimg.fits; rm", "refimg"),
    ],
)
def test_a_wrong_name_is_refused_with_the_part_that_is_wrong(name, complaint):
    with pytest.raises(fn.NotAZtfProductError, match=complaint):
        fn.parse(name)
