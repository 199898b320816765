"""The form of the search for releases."""

from __future__ import annotations

from django import forms
from django.db.models import F, QuerySet

from archive.forms import ChoiceField, GroupedForm, MomentField, TypedChoiceField
from archive.models import Family

SORTABLE = frozenset({"name", "title", "first_night", "last_night", "state", "published"})


class ReleaseSearchForm(GroupedForm):
    """Releases by what they hold: a night, a kind of products, a program."""

    night = MomentField(required=False, label="With the night (UTC)")
    holds = ChoiceField(choices=[("", "any"), *Family.choices], required=False, label="Holds")
    programid = TypedChoiceField(
        choices=[("", "any"), *((n, n) for n in range(4))], coerce=int, empty_value=None, required=False,
        label="Program",
    )  # fmt: skip
    order = forms.CharField(required=False, widget=forms.HiddenInput)

    QUICK = ("night", "holds", "programid")

    def clean_order(self) -> str:
        """The column that the rows are sorted by."""
        order = self.cleaned_data["order"]
        if order and order.removeprefix("-") not in SORTABLE:
            raise forms.ValidationError(f"give one of {', '.join(sorted(SORTABLE))}")
        return order

    def narrowed(self, rows: QuerySet) -> QuerySet:
        """Those of some releases that the form asks for, the newest first unless it names another order."""
        values = self.cleaned_data
        if values["night"]:
            rows = rows.filter(first_night__lte=values["night"].date(), last_night__gte=values["night"].date())
        if values["holds"]:
            rows = rows.filter(families__contains=[values["holds"]])
        if values["programid"] is not None:
            rows = rows.filter(programs__pk=values["programid"])
        if not values["order"]:
            return rows
        column = F(values["order"].removeprefix("-"))
        descending = values["order"].startswith("-")
        return rows.order_by(column.desc(nulls_last=True) if descending else column.asc(nulls_last=True), "name")
