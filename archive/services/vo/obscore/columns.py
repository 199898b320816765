"""The columns of ivoa.obscore with the units, UCDs and utypes of ObsCore 1.1 (appendix B, tables 6 and 7)."""

from __future__ import annotations

from archive.tables.dictionary import Column, Table

_SPACE, _TIME, _SPECTRUM = "Char.SpatialAxis.", "Char.TimeAxis.", "Char.SpectralAxis."
_PLACE = f"{_SPACE}Coverage.Location.Coord.Position2D.Value2."
REGION = "adql:REGION"


def _std(name: str, datatype: str, utype: str, ucd: str, description: str, unit: str = "", **more) -> Column:
    return Column(name, datatype, description, unit, ucd, utype=f"obscore:{utype}", std=True, **more)


def _core(*arguments, **more) -> Column:
    return _std(*arguments, principal=True, **more)


MANDATORY = (
    _core("dataproduct_type", "char", "ObsDataset.dataProductType", "meta.code.class",
          "Kind of product: image, timeseries or measurements"),
    _core("calib_level", "int", "ObsDataset.calibLevel", "meta.code;obs.calib",
          "0 raw, 1 instrumental, 2 calibrated, 3 made of calibrated ones"),
    _core("obs_collection", "char", "DataID.collection", "meta.id", "Collection that the product belongs to"),
    _core("obs_id", "char", "DataID.observationID", "meta.id", "What was observed together: exposure or co-add"),
    _core("obs_publisher_did", "char", "Curation.publisherDID", "meta.ref.ivoid", "Identifier of the data set",
          indexed=True),
    _core("access_url", "char", "Access.reference", "meta.ref.url", "Where its file is, if one is open to you"),
    _core("access_format", "char", "Access.format", "meta.code.mime", "Format of the file"),
    _core("access_estsize", "long", "Access.size", "phys.size;meta.file", "Size of the file", "kbyte"),
    _core("target_name", "char", "Target.name", "meta.id;src", "Field, or object"),
    _core("s_ra", "double", f"{_PLACE}C1", "pos.eq.ra", "Right ascension of the centre (ICRS)", "deg", indexed=True),
    _core("s_dec", "double", f"{_PLACE}C2", "pos.eq.dec", "Declination of the centre (ICRS)", "deg", indexed=True),
    _core("s_fov", "double", f"{_SPACE}Coverage.Bounds.Extent.diameter", "phys.angSize;instr.fov",
          "Diameter of the circle around the footprint", "deg"),
    _core("s_region", "char", f"{_SPACE}Coverage.Support.Area", "pos.outline;obs.field",
          "Footprint (ICRS)", xtype=REGION),
    _core("s_resolution", "double", f"{_SPACE}Resolution.Refval.value", "pos.angResolution", "Seeing, FWHM", "arcsec"),
    _core("s_xel1", "long", f"{_SPACE}numBins1", "meta.number", "Pixels along the first axis"),
    _core("s_xel2", "long", f"{_SPACE}numBins2", "meta.number", "Pixels along the second axis"),
    _core("t_min", "double", f"{_TIME}Coverage.Bounds.Limits.StartTime", "time.start;obs.exposure",
          "Start, MJD (UTC)", "d", indexed=True),
    _core("t_max", "double", f"{_TIME}Coverage.Bounds.Limits.StopTime", "time.end;obs.exposure", "End, MJD (UTC)", "d",
          indexed=True),
    _core("t_exptime", "double", f"{_TIME}Coverage.Support.Extent", "time.duration;obs.exposure",
          "Exposure time, all frames together", "s"),
    _core("t_resolution", "double", f"{_TIME}Resolution.Refval.value", "time.resolution",
          "What is told apart in time", "s"),
    _core("t_xel", "long", f"{_TIME}numBins", "meta.number", "Samples in time"),
    _core("em_min", "double", f"{_SPECTRUM}Coverage.Bounds.Limits.LoLimit", "em.wl;stat.min",
          "Shortest wavelength of the filter", "m"),
    _core("em_max", "double", f"{_SPECTRUM}Coverage.Bounds.Limits.HiLimit", "em.wl;stat.max",
          "Longest wavelength of the filter", "m"),
    _core("em_res_power", "double", f"{_SPECTRUM}Resolution.ResolPower.refVal", "spect.resolution",
          "Wavelength by width of the filter"),
    _core("em_xel", "long", f"{_SPECTRUM}numBins", "meta.number", "Samples in wavelength"),
    _core("o_ucd", "char", "Char.ObservableAxis.ucd", "meta.ucd", "What the values are"),
    _core("pol_states", "char", "Char.PolarizationAxis.stateList", "meta.code;phys.polarization",
          "Polarisations: none are told apart"),
    _core("pol_xel", "long", "Char.PolarizationAxis.numBins", "meta.number", "Samples in polarisation"),
    _core("facility_name", "char", "Provenance.ObsConfig.Facility.name", "meta.id;instr.tel", "Telescope"),
    _core("instrument_name", "char", "Provenance.ObsConfig.Instrument.name", "meta.id;instr", "Camera"),
)  # fmt: skip
OPTIONAL = (
    _std("dataproduct_subtype", "char", "ObsDataset.dataProductSubtype", "meta.code.class",
         "Our kinds: science, reference, difference, raw, a type of calibration, alert, lightcurve"),
    _std("obs_title", "char", "DataID.title", "meta.title;obs", "What it is in a few words"),
    _std("obs_creator_name", "char", "DataID.creator", "meta.id", "Who made it"),
    _std("obs_release_date", "char", "Curation.releaseDate", "time.release", "UTC when everybody may see it"),
    _std("data_rights", "char", "Curation.rights", "meta.code", "public or proprietary, now"),
    _std("s_pixel_scale", "double", f"{_SPACE}Sampling.RefVal.SamplingPeriod", "phys.angSize;instr.pixel",
         "Side of a pixel", "arcsec"),
    _std("em_ucd", "char", f"{_SPECTRUM}ucd", "meta.ucd", "What the spectral axis is"),
    _std("proposal_id", "char", "Provenance.Proposal.identifier", "meta.id;obs.proposal", "Number of the program"),
)  # fmt: skip
OURS = (
    Column("energy_bandpassname", "char", "Filter, as IRSA names it", ucd="meta.id;instr.filter"),
    Column("field", "int", "ZTF field number", ucd="meta.id;obs.field"),
    Column("ccdid", "int", "CCD number (1..16)"),
    Column("qid", "int", "Quadrant number (1..4)"),
    Column("infobits", "int", "Quality bits; 0 is good", ucd="meta.code.qual"),
    Column("maglimit", "double", "5-sigma limit", "mag", "phot.mag;stat.max"),
    Column("programid", "int", "Program: 1 public, 2 partnership, 3 Caltech"),
)
OBSCORE = Table(
    "ivoa.obscore",
    "ObsCore 1.1: raw, calibration, science, reference and difference images, alerts and light curves",
    (*MANDATORY, *OPTIONAL, *OURS),
    "ivo://ivoa.net/std/ObsCore#table-1.1",
)
HIDDEN = {
    "family": "text",
    "number": "bigint",
    "reach": "double precision",
    "jd": "double precision",
    **{f"{axis}{n}": "double precision" for n in (1, 2, 3, 4) for axis in ("ra", "dec")},
}
"""Columns of the view that are not published: what a data set's identifier is made of, how far (deg) from its centre a
product of its kind reaches, when it began where an index knows that (JD), and the footprint's corners."""
