"""The form for a region that comes as a file: a MOC, or a list of positions."""

from __future__ import annotations

from django import forms

from archive import sandbox
from archive.forms import ChoiceField, targets_of
from archive.sandbox.readers.uploads.mocs import is_moc
from archive.sandbox.readers.uploads.tables import GZIP
from archive.sky import regions
from archive.targets.lists import LARGEST_UPLOAD

LIMITS = sandbox.Limits(memory=1024**3, cpu=20, seconds=40.0)
MOST_UNPACKED = 64 * 1024**2  # bytes
LONGEST_MOC = 6000  # characters: with the rest of a search it fits into an address
SEARCHES = ("images", "alerts", "objects")


class RegionFileForm(forms.Form):
    """A file with a region, and the search that it goes to; cleans `upload` to the region's text."""

    to = ChoiceField(choices=[(one, one) for one in SEARCHES])
    query = forms.CharField(required=False, max_length=20_000)
    upload = forms.FileField()
    coarser: int | None = None  # order of the region's cells, where the file's are finer

    def clean_upload(self) -> str:
        """The region's text."""
        upload = self.cleaned_data["upload"]
        if upload.size > LARGEST_UPLOAD:
            raise forms.ValidationError(f"{upload.size} bytes, at most {LARGEST_UPLOAD}; degrade the MOC")
        content = upload.read()
        moc = self._moc(content) if is_moc(content) or content.startswith(GZIP) else None
        if moc is not None:
            return moc
        upload.seek(0)
        targets = targets_of(upload, "", regions.MOST_POSITIONS)
        return regions.as_positions((one.ra, one.dec) for one in targets)

    def _moc(self, content: bytes) -> str | None:
        bounds = {"most_bytes": MOST_UNPACKED, "most_characters": LONGEST_MOC, "most_cells": regions.MOST_CELLS}
        orders = {"coarsest": regions.COARSEST, "finest": regions.FINEST}
        try:
            found = sandbox.run("archive.sandbox.readers.uploads.mocs:parse", content, LIMITS, **bounds, **orders)
        except sandbox.TryLaterError:
            raise
        except sandbox.SandboxError as error:
            raise forms.ValidationError(str(error)) from error
        if found is None:
            return None
        self.coarser = found["order"] if found["coarser"] else None
        return f"MOC {found['text']}"
