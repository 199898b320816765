"""Fields and checks that forms of several pages share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxValueValidator, MinValueValidator

from archive.field_help import HELP, LABELS
from archive.given import times
from archive.given.positions import at
from archive.requests.numbers import real, whole
from archive.search.name_services import locate
from archive.search.names import BadPositionError, NameNotFoundError
from archive.search.where import LONGEST
from archive.sky import regions
from archive.sky.shapes import BadShapeError
from archive.survey.camera import FILTERS, filter_named
from archive.survey.identifiers import alert_object_name
from archive.targets.lists import LARGEST_LIST, LARGEST_UPLOAD, BadTargetsError, Target, read, structured

LARGEST_SUM = 2**31 - 1  # of bits, which the database keeps as integer
YES, NO = ("1", "true", "yes", "on", "t", "y"), ("0", "false", "no", "off", "f", "n")


class PositionField(forms.CharField):
    """A position in any usual notation, or a name that resolves to one; cleans to (ra, dec) in ICRS degrees."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            place = locate(text)
        except (BadPositionError, NameNotFoundError) as error:
            raise forms.ValidationError(str(error)) from error
        if place.orbit is not None:
            raise forms.ValidationError(
                f"{place.name} moves: it has no place of its own; look for it under Moving objects"
            )
        return place.ra, place.dec


class YesNo(forms.CheckboxInput):
    """A check box whose value in an address is a word."""

    def __init__(self, attrs=None):
        super().__init__(attrs, check_test=lambda value: truth_of(value) is True)

    def value_from_datadict(self, data, files, name):
        return data.get(name)

    def value_omitted_from_data(self, data, files, name):
        return name not in data


class YesNoField(forms.Field):
    """A condition that holds or not; one that is not given, or is empty, does not hold."""

    widget = YesNo

    def __init__(self, **options):
        super().__init__(**options | {"required": False})

    def to_python(self, value) -> bool:
        truth = truth_of(value)
        if truth is None:
            raise forms.ValidationError(f"use one of {', '.join(YES)} or {', '.join(NO)}")
        return truth


def truth_of(value: object) -> bool | None:
    """Whether a word means yes or no; None if neither."""
    if value is None or isinstance(value, bool):
        return bool(value)
    word = str(value).strip().lower()
    return True if word in YES else False if word in ("", *NO) else None


class NamesChoices:
    """A field with choices whose refusal names them."""

    choices: Iterable[tuple[Any, Any]]

    def validate(self, value):
        try:
            super().validate(value)  # type: ignore[misc]  # of the field that it is mixed into
        except forms.ValidationError as error:
            if error.code == "required":
                raise forms.ValidationError(f"choose {self._listed()}", error.code) from error
            wrong = f"{str(error.params['value'])[:60]!r} is none of them: " if isinstance(value, list) else ""
            raise forms.ValidationError(f"{wrong}give {self._listed()}", error.code) from error

    def _listed(self) -> str:
        return alternatives([str(value) for value, _ in self.choices if value != ""])


class ChoiceField(NamesChoices, forms.ChoiceField):
    """One of several values."""


class TypedChoiceField(NamesChoices, forms.TypedChoiceField):
    """One of several values of a type."""


class MultipleChoiceField(NamesChoices, forms.MultipleChoiceField):
    """Some of several values."""


class BitsField(forms.MultipleChoiceField):
    """Bits of a flag by name, with commas between or one by one, or as a sum; cleans to the sum, None where it is 0."""

    def __init__(self, bits: Mapping[str, int], words: Mapping[Any, str], largest: int = LARGEST_SUM, **options):
        self.bits, self.largest = bits, largest
        choices = [(name, words[bit]) for name, bit in bits.items()]
        super().__init__(**{"choices": choices, "required": False, "widget": forms.CheckboxSelectMultiple} | options)

    def clean(self, value):
        return self.total(value) or None

    def words(self, value: object) -> list[str]:
        """The words of what was given, whether as text, number or list."""
        given = value if isinstance(value, list | tuple) else [value]
        texts = ["" if one is None else str(one) for one in given]
        return [word.strip() for text in texts for word in text.split(",") if word.strip()]

    def total(self, value: object) -> int:
        """The sum of what was given; each bit counts once."""
        found = 0
        for word in self.words(value):
            found |= self._bit(word)
        return found

    def prepare_value(self, value):
        """The names of what was given, which the page shows as ticked."""
        try:
            total = self.total(value)
        except forms.ValidationError:
            return self.words(value)
        return [name for name, bit in self.bits.items() if total & bit]

    def named(self, value: object) -> list[tuple[str, str]]:
        """Each of the given bits: the word of an address, and the one for people; a bit without a name as number."""
        rest, found = self.total(value), []
        for name, words in self.choices:
            if rest & self.bits[name]:
                found.append((name, words))
                rest &= ~self.bits[name]
        return found + [(str(1 << n), f"bit {n}") for n in range(rest.bit_length()) if rest >> n & 1]

    def _bit(self, word: str) -> int:
        if word in self.bits:
            return int(self.bits[word])
        number = whole(word)
        if number is None or not 0 <= number <= self.largest:
            raise forms.ValidationError(
                f"{word[:40]!r} is none of them: give some of {', '.join(self.bits)} with commas between, or their sum"
            )
        return number


class FilterField(ChoiceField):
    """A survey filter as zr, r or ZTF_r, in any case; cleans to its code, empty for `every` filter."""

    def __init__(self, every: str = "any", **options):
        choices = [("", every), *((one.code, one.band) for one in FILTERS)]
        super().__init__(**{"choices": choices, "required": False, "label": "Filter"} | options)

    def to_python(self, value) -> str:
        text = super().to_python(value)
        return known.code if (known := filter_named(text)) else text.strip()

    def prepare_value(self, value):
        """The choice that the page shows as chosen, however it was spelled."""
        return None if value is None else self.to_python(value)


def alternatives(words: list[str]) -> str:
    """Words as "zg, zr or zi"."""
    return " or ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


class ConditionField(forms.CharField):
    """A condition on a table's columns, in the SQL of archive.search.where; the search reads it."""

    def __init__(self, example: str, **options):
        widget = forms.TextInput(attrs={"placeholder": example})
        super().__init__(
            **{"required": False, "max_length": LONGEST, "label": "Condition (SQL)", "widget": widget} | options
        )


class RegionField(forms.CharField):
    """A region of the sky in the words of archive.sky.regions; cleans to its text."""

    def __init__(self, **options):
        widget = forms.TextInput(attrs={"placeholder": "POLYGON ra dec ra dec ra dec"})
        words = {"label": "Region", "help_text": "CIRCLE, POLYGON, POSITIONS or MOC, in ICRS degrees"}
        super().__init__(**{"required": False, "max_length": regions.LONGEST, "widget": widget} | words | options)

    def to_python(self, value) -> str:
        text = super().to_python(value)
        try:
            return regions.read_region(text).text if text else ""
        except BadShapeError as error:
            raise forms.ValidationError(str(error)) from error

    def in_words(self, value: str) -> str:
        """A region as a chip has it."""
        return regions.read_region(value).words


class AlertObjectField(forms.CharField):
    """The name of an alert's object, in any case."""

    def __init__(self, **options):
        super().__init__(**{"max_length": 12, "label": "Object"} | options)

    def to_python(self, value) -> str:
        text = super().to_python(value)
        name = alert_object_name(text)
        if text and name is None:
            raise forms.ValidationError("give the name of an alert's object, for example ZTF18abcdefg")
        return name or ""


class _Numeric:
    """Of fields of numbers: "1_0" and digits of other scripts are none (`archive.requests.numbers`), nor is a truth."""

    error_messages: dict[str, str]

    def __init__(self, **options):
        super().__init__(**options)
        for validator in self.validators:  # type: ignore[attr-defined]  # of the field that it is mixed into
            if isinstance(validator, MaxValueValidator):
                validator.message = "give at most %(limit_value)s"
            elif isinstance(validator, MinValueValidator):
                validator.message = "give at least %(limit_value)s"

    def to_python(self, value):
        if isinstance(value, bool) or (isinstance(value, str) and value.strip() and real(value) is None):
            raise forms.ValidationError(self.error_messages["invalid"])
        return super().to_python(value)  # type: ignore[misc]  # of the field that it is mixed into


class WholeField(_Numeric, forms.IntegerField):
    """A whole number."""


class RealField(_Numeric, forms.FloatField):
    """A finite number."""


class DegreesField(RealField):
    """A number of degrees."""


class RightAscensionField(DegreesField):
    """Degrees, of any turn; cleans to 0 <= ra < 360."""

    def clean(self, value):
        number = super().clean(value)
        try:
            return None if number is None else at(number, 0.0, f"{number:g}").ra
        except BadPositionError as error:
            raise forms.ValidationError(str(error)) from error


class DeclinationField(DegreesField):
    """Degrees between the poles."""

    def __init__(self, **more):
        super().__init__(**{"min_value": -90, "max_value": 90} | more)


class TargetsField(forms.CharField):
    """Targets as text, or as the list of a JSON body, which stays what it is; `targets_of` reads them."""

    def to_python(self, value):
        return value if isinstance(value, list) else super().to_python(value)


def targets_of(upload: UploadedFile | None, given: str | list, most: int = LARGEST_LIST) -> list[Target]:
    """The list of targets that a form was given, as a file, as text or as JSON.

    Raises
    ------
    forms.ValidationError
    """
    if bool(upload) == bool(given):
        raise forms.ValidationError("give targets as text, or upload a file with them")
    if upload and upload.size > LARGEST_UPLOAD:
        raise forms.ValidationError(f"upload: {upload.size} bytes, at most {LARGEST_UPLOAD}; divide the list")
    try:
        if isinstance(given, list):
            return structured(given, most)
        return read(upload.read() if upload else given, most)
    except BadTargetsError as error:
        raise forms.ValidationError(str(error)) from error


class MomentField(forms.DateTimeField):
    """A time, UTC: a date with or without a time and an offset, a Julian or a modified Julian date."""

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        try:
            return times.moment(str(value))
        except times.BadTimeError as error:
            raise forms.ValidationError(str(error)) from error


class SinceField(MomentField):
    """The beginning of a span of time, which belongs to it."""

    def __init__(self, **options):
        super().__init__(**{"required": False, "label": "From (UTC, JD or MJD)"} | options)


class UntilField(MomentField):
    """The end of a span of time, which does not belong to it: a date alone ends the span with the day before."""

    def __init__(self, **options):
        words = {"label": "Before (UTC, JD or MJD)", "help_text": "a date alone is its 00:00 UTC: that day is left out"}
        super().__init__(**{"required": False} | words | options)


class ExplainedForm(forms.Form):
    """A form whose fields have the labels and the help of archive.field_help, where they say nothing themselves."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name) if field.label is None else field.label
            field.help_text = field.help_text or HELP.get(name, "")


class GroupedForm(ExplainedForm):
    """A search whose page asks some fields first, and the others by subject behind a click."""

    QUICK: tuple[str, ...] = ()
    GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def quick_fields(self) -> list[forms.BoundField]:
        """The fields that the page asks first."""
        return [self[name] for name in self.QUICK if name in self._shown()]

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The other fields by subject: the parts that the chosen family has, and those that were given."""
        known = self._shown()
        found = ((title, [self[name] for name in names if name in known]) for title, names in self.GROUPS)
        return [(title, fields) for title, fields in found if fields]

    def others_given(self) -> int:
        """The number of these that were given."""
        return sum(bool(self.data.get(name)) for _, names in self.GROUPS for name in names)

    def _shown(self) -> list[str]:
        """The names of the fields that concern what is searched."""
        return [field.name for field in self.visible_fields()]


def problems(form: forms.Form) -> str:
    """All that is wrong with a form in one sentence, naming the parameters; what is missing by its label as well."""
    parts = []
    for name, errors in form.errors.as_data().items():
        value = form.data.get(name, "")
        prefix = "" if name == "__all__" else f"{name}={value!r}: "
        for error in errors:
            missing = f"{form[name].label}: " if error.code == "required" and name in form.fields else ""
            parts += [prefix + missing + message for message in error.messages]
    return "; ".join(parts)
