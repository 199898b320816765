"""The archive's tables, by family."""

from archive.models.alerts import Alert
from archive.models.audit import AuditEntry
from archive.models.calibrations import CalibrationImage
from archive.models.exposures import Exposure, RawImage
from archive.models.images import DifferenceImage, ReferenceImage, ScienceImage
from archive.models.products import ProductFile
from archive.models.programs import GroupMembership, Membership, OldDate, PeriodChange, Program, ReaderGroup
from archive.models.quality import ImageResiduals
from archive.models.quarantine import QuarantinedFile
from archive.models.refcats import GaiaStar, PanstarrsStar, RefcatTile
from archive.models.releases import Family, OwnDate, Release, ReleaseFile, ReleaseItem
from archive.models.searches import SavedSearch
from archive.models.tokens import Scope, Token
from archive.models.userjobs import UserJob
from archive.models.usertables import UserTable
from archive.models.uws import QueryJob
from archive.models.versions import ProcessingVersion, ScienceVersion

__all__ = [
    "Alert",
    "AuditEntry",
    "CalibrationImage",
    "DifferenceImage",
    "Exposure",
    "Family",
    "GaiaStar",
    "GroupMembership",
    "ImageResiduals",
    "Membership",
    "OldDate",
    "OwnDate",
    "PanstarrsStar",
    "ProcessingVersion",
    "ProductFile",
    "PeriodChange",
    "Program",
    "QuarantinedFile",
    "QueryJob",
    "RawImage",
    "ReaderGroup",
    "RefcatTile",
    "ReferenceImage",
    "Release",
    "ReleaseFile",
    "ReleaseItem",
    "ScienceImage",
    "ScienceVersion",
    "Scope",
    "Token",
    "SavedSearch",
    "UserJob",
    "UserTable",
]
