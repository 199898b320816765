"""The quadrant that a job works on: its numbers, the names of its products, its current reference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from archive.models import ReferenceImage
from archive.survey.camera import ccd_quadrant, filter_of
from archive.survey.filenames import ProductName, cal_name, ref_name, sci_name
from processing.models import Job

NO_FILTER = "00"


@dataclass(frozen=True)
class Quadrant:
    """A readout channel (rcid), with the filter (fid) and the field that it looked through and at; 0 where a product
    has none, as a bias."""

    rcid: int
    fid: int = 0
    field: int = 0

    @classmethod
    def of_job(cls, job: Job) -> Quadrant:
        """The quadrant that a job's parameters name."""
        return cls(*(job.parameters.get(name, 0) for name in ("rcid", "fid", "field")))

    @classmethod
    def of(cls, row: Any) -> Quadrant:
        """The quadrant of an image's row."""
        return cls(row.rcid, row.fid, row.field)

    @cached_property
    def _numbers(self) -> tuple[int, int]:
        return ccd_quadrant(self.rcid)

    @property
    def ccdid(self) -> int:
        """CCD, 1 to 16."""
        return self._numbers[0]

    @property
    def qid(self) -> int:
        """Quadrant of the CCD, 1 to 4."""
        return self._numbers[1]

    @property
    def filtercode(self) -> str:
        """zg, zr or zi; 00 without a filter."""
        return NO_FILTER if self.fid == 0 else filter_of(self.fid).code

    @property
    def lookup(self) -> dict[str, int]:
        """Field, channel and filter, as queries and jobs name them."""
        return {"field": self.field, "rcid": self.rcid, "fid": self.fid}

    def science_name(self, filefracday: int, suffix: str) -> ProductName:
        """Name of a product of a science image or of its difference."""
        return sci_name(filefracday, self.field, self.filtercode, self.ccdid, self.qid, suffix)

    def reference_name(self, suffix: str) -> ProductName:
        """Name of a product of its reference."""
        return ref_name(self.field, self.filtercode, self.ccdid, self.qid, suffix)

    def calibration_name(self, night: int, caltype: str, suffix: str) -> ProductName:
        """Name of a product of a calibration; night: YYYYMMDD."""
        return cal_name(night, caltype, self.filtercode, self.ccdid, self.qid, suffix)

    def current_reference(self) -> ReferenceImage | None:
        """The reference that differences and light curves of this field, channel and filter use."""
        return ReferenceImage.objects.filter(**self.lookup, origin="ours").first()
