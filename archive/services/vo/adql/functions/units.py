"""Units: IN_UNIT and conversions of the spectrum."""

from __future__ import annotations

from functools import lru_cache

from astropy import units


@lru_cache(maxsize=1000)
def factor(unit: str, target: str) -> float:
    """By what a value has to be multiplied to be in another unit (VOUnit).

    Raises
    ------
    ValueError
        naming the unit that is none, or both if one cannot become the other.
    """
    try:
        return float(_read(unit).to(_read(target)))
    except units.UnitsError as error:
        raise ValueError(f"cannot convert {unit!r} to {target!r}") from error


@lru_cache(maxsize=1000)
def spectral(unit: str, target: str) -> tuple[float, bool]:
    """Factor between units of wavelength, frequency or energy; whether it is to be divided by the value.

    Raises
    ------
    ValueError
    """
    try:
        one, two = ((value * _read(unit)).to_value(_read(target), units.spectral()) for value in (1.0, 2.0))
    except units.UnitsError as error:
        raise ValueError(
            f"cannot convert {unit!r} to {target!r}: expected units of wavelength, frequency, energy"
        ) from error
    return float(one), bool(two < one)


def _read(unit: str) -> units.UnitBase:
    try:
        return units.Unit(unit, format="vounit")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{unit!r} is not a unit: expected one of VOUnits, for example 'arcsec' or 'km/s'") from error
