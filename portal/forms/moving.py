"""The form of the moving-object search."""

from __future__ import annotations

from django import forms

from archive.field_help import HELP
from archive.forms import GroupedForm, SinceField, UntilField
from archive.given.times import BadTimeError, in_order
from archive.moving.dynamics.errors import DynamicsError
from archive.moving.dynamics.orbit import Orbit
from archive.moving.elements import ELEMENTS, orbit_from_elements, resolve_orbit
from archive.moving.search import MOVING

SORTABLE = frozenset(column.name for column in MOVING.columns)
LABELS = {
    "epoch": "Epoch (JD or MJD)",
    "a": "a (au)",
    "q": "or q (au)",
    "e": "e",
    "i": "i (deg)",
    "node": "Node (deg)",
    "peri": "Arg. of perihelion (deg)",
    "M": "Mean anomaly (deg)",
    "Tp": "or perihelion (JD, MJD, YYYYMMDD.d)",
    "H": "H (mag)",
    "G": "G",
    "M1": "Comet: M1 (mag)",
    "K1": "Comet: K1",
}
NAMED = "number, name or designation of an asteroid or comet, or one line of elements in the form of the MPC"


class MovingForm(GroupedForm):
    """A moving object by name, by a line of an element file, or by its elements; and a span of time."""

    name = forms.CharField(
        required=False, max_length=400, strip=False, label="Name, number, or a line of elements", help_text=NAMED
    )
    since = SinceField()
    until = UntilField()
    order = forms.CharField(required=False, widget=forms.HiddenInput)
    orbit: Orbit

    QUICK = ("name", "since", "until")
    GROUPS = (("Orbital elements (heliocentric, ecliptic J2000; times TDB)", ELEMENTS),)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for element in ELEMENTS:
            words = {"label": LABELS[element], "help_text": HELP[element]}
            self.fields[element] = forms.CharField(required=False, max_length=40, **words)

    def given_elements(self) -> dict[str, str]:
        """The elements that were filled in."""
        return {name: self.data[name] for name in ELEMENTS if self.data.get(name, "").strip()}

    def clean(self):
        values, given = super().clean(), self.given_elements()
        order = values.get("order", "")
        if order and order.removeprefix("-") not in SORTABLE:
            raise forms.ValidationError(
                f"order={order[:40]!r}: is no column of these rows: {', '.join(sorted(SORTABLE))}"
            )
        name = values.get("name", "")
        if not name.strip() and not given:
            raise forms.ValidationError("give a name or orbital elements")
        try:
            in_order(values.get("since"), values.get("until"))
            self.orbit = orbit_from_elements(given, name.strip() or "your orbit") if given else resolve_orbit(name)
        except (BadTimeError, DynamicsError) as error:
            raise forms.ValidationError(str(error)) from error
        return values
