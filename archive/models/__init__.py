"""What the archive holds, by family."""

from archive.models.alerts import Alert
from archive.models.calibrations import CalibrationImage
from archive.models.exposures import Exposure, RawImage
from archive.models.images import DifferenceImage, ReferenceImage, ScienceImage
from archive.models.products import ProductFile
from archive.models.programs import Membership, Program, Release
from archive.models.quality import ImageResiduals
from archive.models.refcats import GaiaStar, PanstarrsStar, RefcatTile
from archive.models.userjobs import UserJob
from archive.models.versions import ProcessingVersion, ScienceVersion

__all__ = [
    "Alert",
    "CalibrationImage",
    "DifferenceImage",
    "Exposure",
    "GaiaStar",
    "ImageResiduals",
    "Membership",
    "PanstarrsStar",
    "ProcessingVersion",
    "ProductFile",
    "Program",
    "RawImage",
    "RefcatTile",
    "ReferenceImage",
    "Release",
    "ScienceImage",
    "ScienceVersion",
    "UserJob",
]
