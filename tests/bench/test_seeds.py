"""Seeds: what is measured is none of what the code was tuned on."""

import pytest

from bench import forced, periods, science
from bench.science import frames
from bench.seeds import TUNED_ON, TunedOnError, require_fresh


def test_science_draws_from_skies_channels_and_pointings_of_its_own():
    pointings = [kind.boresight for kind in frames.FIELD_TYPES]
    require_fresh("science", science.seeds(), [frames.CHANNEL], pointings)
    assert len(set(science.seeds())) == len(science.seeds())


def test_forced_photometry_and_periods_draw_from_seeds_of_their_own():
    require_fresh("forced", range(forced.SEED, forced.SEED + forced.FULL.skies))
    require_fresh("periods", (periods.RECOVERY_SEED, periods.CALIBRATION_SEED))
    assert periods.FIT_SEED in TUNED_ON["periods"].seeds


@pytest.mark.parametrize(
    "made_of", [{"seeds": [1, 11]}, {"seeds": [], "channels": [21]}, {"seeds": [], "pointings": [(150.0, 35.0)]}]
)
def test_a_measurement_of_what_was_tuned_on_is_refused(made_of):
    with pytest.raises(TunedOnError, match="was tuned on"):
        require_fresh("science", **made_of)
