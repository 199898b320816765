"""The parameters of a viewer's address, which say how an image is shown, and those of a finding chart."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms

from archive.forms import ChoiceField, DeclinationField, RealField, RightAscensionField, YesNoField
from archive.pixels.finding_chart import LARGEST, SMALLEST, Chart
from archive.pixels.rendering import COLOURMAPS, STRETCHES, Rendering
from archive.requests.numbers import whole
from archive.survey.bits import MaskBit, names_of
from portal.workbench.planes import PLANES
from portal.workbench.sources import KINDS

SHOWN_STRETCHES = ("linear", "log", "asinh", "sqrt", "histogram")
SHOWN_MAPS = {
    "grey": "Grey", "viridis": "Viridis", "magma": "Magma", "inferno": "Inferno", "plasma": "Plasma",
    "turbo": "Turbo", "heat": "Heat", "cool": "Cool",
}  # fmt: skip
MODES = {"single": "One image", "blink": "Blink epochs", "curtain": "Curtain", "rgb": "Three filters"}
BITS = names_of(MaskBit)
MOST_EPOCHS = 12
PREVIEW_WIDTH = 768
DEFAULT_CHART = 5 / 60  # deg


class NamesField(forms.CharField):
    """Some of several names, with commas between; cleans to a list."""

    def __init__(self, names: Iterable[str], **options):
        super().__init__(**{"required": False, "max_length": 400} | options)
        self.names = tuple(names)

    def clean(self, value):
        found = [one.strip() for one in super().clean(value).split(",") if one.strip()]
        for one in found:
            if one not in self.names:
                raise forms.ValidationError(f"{one[:40]!r} is none of them: give some of {', '.join(self.names)}")
        if len(set(found)) < len(found):
            raise forms.ValidationError("give each once")
        return found


class EpochsField(forms.CharField):
    """Identifiers of science images, with commas between; cleans to a list."""

    def clean(self, value):
        found = [one.strip() for one in super().clean(value).split(",") if one.strip()]
        pids = [whole(one) for one in found]
        if None in pids:
            raise forms.ValidationError("give pids of science images with commas between")
        if len(found) > MOST_EPOCHS:
            raise forms.ValidationError(f"{len(found)} images; give at most {MOST_EPOCHS}")
        return list(dict.fromkeys(pids))


class ViewForm(forms.Form):
    """The way in which the viewer shows an image: a link with these parameters shows the same again."""

    plane = ChoiceField(choices=[(one, one) for one in PLANES], required=False)
    stretch = ChoiceField(choices=[(one, one) for one in SHOWN_STRETCHES], required=False)
    low = RealField(required=False)
    high = RealField(required=False)
    percent = RealField(required=False, min_value=50, max_value=100)
    map = ChoiceField(choices=[(one, one) for one in SHOWN_MAPS], required=False)
    invert = YesNoField()
    ra = RightAscensionField(required=False)
    dec = DeclinationField(required=False)
    zoom = RealField(required=False, min_value=0.02, max_value=64)
    north = YesNoField()
    layers = NamesField(KINDS)
    mask = NamesField(BITS)
    mode = ChoiceField(choices=[(one, one) for one in MODES], required=False)
    epochs = EpochsField(required=False, max_length=300)
    embedded = YesNoField()  # within another page of ours, which has the frame around it

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        if (values["ra"] is None) != (values["dec"] is None):
            raise forms.ValidationError("give both ra and dec, in degrees")
        if (values["low"] is None) != (values["high"] is None):
            raise forms.ValidationError("give both low and high, in the image's unit")
        if values["low"] is not None and values["low"] >= values["high"]:
            raise forms.ValidationError(f"low={values['low']:g}: must be less than high={values['high']:g}")
        if values["low"] is not None and values["percent"] is not None:
            raise forms.ValidationError("percent: give limits as percent, or as low and high")
        if values["epochs"] and values["mode"] not in ("blink", "rgb"):
            raise forms.ValidationError("epochs: are shown with mode=blink or mode=rgb; give one of them")
        if values["mode"] == "rgb" and len(values["epochs"]) not in (0, 3):
            raise forms.ValidationError(f"epochs: {len(values['epochs'])} images; rgb has red, green, blue: give three")
        return values

    def state(self) -> dict:
        """The parameters that were given, without the rest."""
        shown = (one for one in self.cleaned_data.items() if one[0] != "embedded")
        return {name: value for name, value in shown if value not in (None, "", [], False)}

    def preview(self, plane: str) -> dict:
        """Parameters of the picture that is shown until the image itself has come."""
        values = self.cleaned_data
        stretch = values["stretch"] if values["stretch"] in STRETCHES else "asinh"
        found = {"width": PREVIEW_WIDTH, "form": "jpeg", "stretch": stretch}
        if values["map"] in COLOURMAPS:
            found["colourmap"] = values["map"]
        if plane == "mask":
            return found | {"stretch": "linear", "low": 0, "high": 1}
        if values["low"] is not None:
            found |= {"low": values["low"], "high": values["high"]}
        return found


class ChartForm(forms.Form):
    """A finding chart: a place, how wide, what it is called, and how it is drawn."""

    ra = RightAscensionField(required=False)
    dec = DeclinationField(required=False)
    size = RealField(required=False, min_value=SMALLEST, max_value=LARGEST)
    name = forms.CharField(required=False, max_length=60)
    plane = ChoiceField(choices=[(one, one) for one in PLANES if one != "mask"], required=False)
    stretch = ChoiceField(choices=[(one, one) for one in STRETCHES], required=False)
    low = RealField(required=False)
    high = RealField(required=False)
    invert = YesNoField()

    def clean(self):
        values = super().clean()
        if not self.errors and (values["ra"] is None) != (values["dec"] is None):
            raise forms.ValidationError("give both ra and dec, in degrees")
        if not self.errors and None not in (values["low"], values["high"]) and values["low"] >= values["high"]:
            raise forms.ValidationError(f"low={values['low']:g}: must be less than high={values['high']:g}")
        return values

    def chart(self, image) -> Chart:
        """The chart that was asked for; by default of the image's centre."""
        values = self.cleaned_data
        place = (image.ra, image.dec) if values["ra"] is None else (values["ra"], values["dec"])
        drawn = {name: values[name] for name in ("stretch", "low", "high") if values[name] not in (None, "")}
        return Chart(
            *place, size=values["size"] or DEFAULT_CHART, name=values["name"], rendering=Rendering(**drawn),
            dark_on_light=not values["invert"],
        )  # fmt: skip
