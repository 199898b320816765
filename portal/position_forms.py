"""What people ask around a list of positions, checked."""

from __future__ import annotations

from django import forms

from archive.metadata import FAMILIES
from archive.search import has
from archive.targets.lists import BadTargets, Target, read
from portal.forms import ImageSearchForm

MOST_POSITIONS = 10_000
LARGEST_UPLOAD = 4 * 1024**2  # bytes
HELP = (
    "One a line: name ra dec, or ra dec (degrees or sexagesimal), or a name that is known. Or CSV with a header, "
    "VOTable, IPAC table: columns are known by UCD or by name."
)
LISTED_FORMATS = ("html", "csv", "json", "votable")


class PositionListForm(ImageSearchForm):
    """Products around every position of a list."""

    targets = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 6}), help_text=HELP)
    upload = forms.FileField(required=False, label="or a file", help_text=HELP)
    centred = forms.BooleanField(required=False, label="Only the most centred image of each")
    columns = forms.CharField(required=False, help_text="names with commas between; all unless told")
    format = forms.ChoiceField(choices=[(one, one) for one in LISTED_FORMATS], required=False)

    position = None  # each row of the list is one
    radius = forms.FloatField(required=False, min_value=0.0001, max_value=10, label="Centre within (deg)")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        if not has(self.query.family, "position"):
            raise forms.ValidationError(f"family={self.query.family}: has no place on the sky")
        self.list = self._read(values.get("upload"), values.get("targets"))
        self.names = self._chosen(values.get("columns"))
        return values

    def _read(self, upload, text: str) -> list[Target]:
        if bool(upload) == bool(text):
            raise forms.ValidationError("give targets as text, or upload a file with them")
        if upload and upload.size > LARGEST_UPLOAD:
            raise forms.ValidationError(f"upload: {upload.size} bytes, at most {LARGEST_UPLOAD}; divide the list")
        try:
            return read(upload.read() if upload else text, MOST_POSITIONS)
        except BadTargets as error:
            raise forms.ValidationError(str(error)) from error

    def _chosen(self, text: str) -> list[str]:
        known = [column.name for column in FAMILIES[self.query.family].table.columns]
        names = [name.strip().lower() for name in text.split(",") if name.strip()] or known
        if unknown := [name for name in names if name not in known]:
            raise forms.ValidationError(
                f"columns={unknown[0]!r}: there is no such column; there are {', '.join(known)}"
            )
        return list(dict.fromkeys(names))

    list: list[Target]
    names: list[str]
