"""The properties file of a HiPS and the list of all, as IVOA HiPS 1.0 (sections 4.4.1 and 5.2) has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from archive.services.hips.config import FILTERS, HipsConfig
from archive.services.hips.tiles import SIDE, SUBORDER
from archive.survey.camera import WAVELENGTHS

VERSION = "1.4"
IN_LIST = (
    "creator_did", "publisher_did", "hips_release_date", "hips_service_url", "hips_status", "hips_order", "hips_frame",
    "hips_tile_format", "hips_tile_width", "obs_title", "obs_collection", "obs_regime", "dataproduct_type", "em_min",
    "em_max", "t_min", "t_max", "moc_sky_fraction", "client_category",
)  # fmt: skip
"""What the list tells of each HiPS: what must be there first, then what clients choose by."""


def properties(
    filtercode: str,
    config: HipsConfig,
    released: datetime,
    fraction: float,
    centre: tuple[float, float],
    times: tuple[float, float] | None = None,
) -> dict[str, str]:
    """The properties of the HiPS of a filter's references.

    Parameters
    ----------
    released : when the newest of its references became public
    fraction : of the sky that it covers
    centre : (ra, dec) in degrees where a viewer should begin
    times : MJD of the first and last exposure
    """
    stretch, name = config.stretches[filtercode], FILTERS[filtercode]
    pixel = np.degrees(np.sqrt(np.pi / 3)) / 2 ** (config.order + SUBORDER)
    low, high = WAVELENGTHS[filtercode]
    zero_point = config.zero_points[filtercode]
    values = {
        "creator_did": f"ivo://{config.publisher}/P/references/{filtercode}",
        "publisher_did": f"ivo://{config.publisher}/P/references/{filtercode}",
        "obs_collection": "ZTF reference images",
        "obs_title": f"ZTF references {name}",
        "obs_description": f"Public co-added reference images of the Zwicky Transient Facility in {name}: "
        f"values above the sky in DN per pixel of a reference (1 arcsec), zero point {zero_point} mag, "
        "averaged by the number of frames where references overlap.",
        "obs_regime": "Optical",
        "client_category": "Image/Optical/ZTF",
        "dataproduct_type": "image",
        "hips_version": VERSION,
        "hips_builder": "Open ZTF science data system",
        "hips_release_date": released.strftime("%Y-%m-%dT%H:%MZ"),
        "hips_status": "public master clonableOnce",
        "hips_frame": "equatorial",
        "hips_order": str(config.order),
        "hips_order_min": "0",
        "hips_tile_width": str(SIDE),
        "hips_tile_format": " ".join(config.formats),
        "hips_pixel_scale": f"{pixel:.6g}",
        "hips_pixel_bitpix": "-32",
        "hips_pixel_cut": f"{stretch.low:g} {stretch.high:g}",
        "hips_data_range": f"{stretch.low:g} {stretch.high:g}",
        "hips_sampling": "bilinear",
        "hips_overlay": "mean",
        "hips_skyval": "median",
        "hips_initial_ra": f"{centre[0]:.5f}",
        "hips_initial_dec": f"{centre[1]:+.5f}",
        "hips_initial_fov": "2",
        "moc_sky_fraction": f"{fraction:.6g}",
        "em_min": f"{low:g}",
        "em_max": f"{high:g}",
    }
    return values | ({"t_min": f"{times[0]:.5f}", "t_max": f"{times[1]:.5f}"} if times else {})


def written(values: Mapping[str, str]) -> str:
    """Properties as their file holds them."""
    return "".join(f"{name:20} = {value}\n" for name, value in values.items())


def read(text: str) -> dict[str, str]:
    """The properties in a file's text."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def hipslist(surveys: Sequence[Mapping[str, str]]) -> str:
    """The list of surveys that a HiPS server gives out: one record each, an empty line between."""
    return "\n".join(written({name: one[name] for name in IN_LIST if name in one}) for one in surveys)
