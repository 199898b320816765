"""Parameters of the table of a search's results: columns, rows on a page, table or pictures."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms

from archive.forms import ChoiceField, TypedChoiceField
from archive.requests.parameters import BadParameterError
from archive.requests.spelling import resembling
from archive.tables.dictionary import Column, Table

SIZES = (25, 50, 100, 250, 500)
DEFAULT_SIZE = 100
TABLE, PICTURES, PLOT = "table", "pictures", "plot"
VIEWS = {TABLE: "Table", PICTURES: "Pictures", PLOT: "Plot"}
PARAMETERS = ("columns", "rows", "view", "x", "y", "order", "page", "format")
"""Parameters of an address that are of the table, not of the search."""


class TableForm(forms.Form):
    """Parameters of the table of results."""

    columns = forms.CharField(required=False, max_length=2000, help_text="names with commas between, in their order")
    rows = TypedChoiceField(choices=[("", ""), *((n, n) for n in SIZES)], coerce=int, empty_value=DEFAULT_SIZE,
                            required=False, label="Rows on a page")  # fmt: skip
    view = ChoiceField(choices=[("", ""), *VIEWS.items()], required=False)
    x = forms.CharField(required=False, max_length=60, help_text="column of the plot")
    y = forms.CharField(required=False, max_length=60, help_text="column of the plot, or count")

    def narrowed(self, table: Table, columns: Sequence[Column]) -> Table:
        """A table of the columns that are named; all of them where none is."""
        return table.only(table.name, " ".join(one.name for one in columns)) if self.cleaned_data["columns"] else table

    @property
    def shown_as(self) -> str:
        """The form of the rows on the page."""
        return self.cleaned_data["view"] or TABLE

    @property
    def axes(self) -> tuple[str, str]:
        """The columns of the plot; empty for the usual ones."""
        return self.cleaned_data["x"].strip(), self.cleaned_data["y"].strip()

    def chosen(self, known: Sequence[Column], usual: Sequence[str]) -> list[Column]:
        """The columns of the table, in the order in which they are named; the usual ones where none is.

        Raises
        ------
        BadParameterError
        """
        columns = {column.name: column for column in known}
        names = [name.strip() for name in self.cleaned_data["columns"].split(",") if name.strip()]
        for name in names:
            if name not in columns:
                near = resembling(name, sorted(columns))
                meant = f"did you mean {near}?" if near else f"there are {', '.join(sorted(columns))}"
                raise BadParameterError(f"columns={name[:60]!r}: there is no such column; {meant}")
        return [columns[name] for name in dict.fromkeys(names or usual)]
