"""Parameters of REST: the pages' own forms, and how OpenAPI is told about them and about the data dictionary."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from drf_spectacular.utils import OpenApiParameter, extend_schema

from archive.forms import DeclinationField, RealField, RightAscensionField, WholeField, YesNoField
from archive.requests.parameters import takes
from archive.tables.dictionary import Column, Table

LARGEST_PAGE = 1000
DEFAULT_PAGE = 100
SCHEMAS = (
    (YesNoField, {"type": "boolean"}),
    (forms.FloatField, {"type": "number", "format": "double"}),  # Django's FloatField is an IntegerField
    (forms.IntegerField, {"type": "integer", "format": "int64"}),
    (forms.DateTimeField, {"type": "string", "format": "date-time"}),
)
LIMITS = {"minimum": "min_value", "maximum": "max_value", "minLength": "min_length", "maxLength": "max_length"}
JSON_TYPES = {
    "boolean": {"type": "boolean"},
    "short": {"type": "integer"},
    "int": {"type": "integer"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number", "format": "double"},
    "char": {"type": "string"},
}


FORMAT = OpenApiParameter("format", {"type": "string"}, enum=["json"], description="REST answers JSON")


class PageParameters(forms.Form):
    """Parameters for a part of the rows."""

    page = WholeField(required=False, min_value=1, help_text="counted from 1")
    page_size = WholeField(
        required=False, min_value=1, max_value=LARGEST_PAGE, help_text=f"rows, default {DEFAULT_PAGE}"
    )


class PlaceParameters(forms.Form):
    """A part of an image."""

    ra = RightAscensionField(help_text="ICRS, degrees")
    dec = DeclinationField(help_text="ICRS, degrees")
    size = RealField(required=False, help_text="full width, degrees; default 0.02")
    file = forms.CharField(required=False, help_text="which file, by the end of its name; default: the image itself")


class NameParameters(forms.Form):
    """Something with a name."""

    name = forms.CharField(help_text="a position, or a name such as M 31 or (1) Ceres")


def asks(*form_classes: type[forms.Form], posted: Sequence[type[forms.Form]] = (), format: bool = True, **operation):
    """A decorator: a method's parameters, for the portal's check and for OpenAPI (`extend_schema`'s `operation`).

    posted : forms that are its body
    format : whether `format` is taken, as json; otherwise a form has it
    """
    extra = (FORMAT,) if format else ()
    parameters = [*described(*form_classes), *extra]

    def mark(method):
        names = [one.name for one in extra]
        documented = extend_schema(parameters=parameters, **operation)(method)
        return takes(*form_classes, *names, posted=posted, merged=True)(documented)

    return mark


def described(*form_classes: type[forms.Form]) -> list[OpenApiParameter]:
    """The fields of forms as OpenAPI's query parameters."""
    return [_parameter(name, field) for form in form_classes for name, field in form().fields.items()]


def _parameter(name: str, field: forms.Field) -> OpenApiParameter:
    choices = [value for value, _ in field.choices if value != ""] if isinstance(field, forms.ChoiceField) else None
    text = "; ".join(str(part) for part in (field.label, field.help_text) if part)
    return OpenApiParameter(name, _schema(field), description=text, required=field.required, enum=choices)


def _schema(field: forms.Field) -> dict:
    """A field as JSON Schema has it, with the limits that it keeps."""
    schema = next((schema for form_type, schema in SCHEMAS if isinstance(field, form_type)), {"type": "string"})
    if isinstance(field, forms.TypedChoiceField) and field.coerce is int:
        schema = {"type": "integer"}
    limits = {name: getattr(field, attribute, None) for name, attribute in LIMITS.items()}
    if schema["type"] == "string":
        limits.pop("minimum"), limits.pop("maximum")
    return schema | {name: value for name, value in limits.items() if value is not None}


def form_schema(form_class: type[forms.Form]) -> dict:
    """The fields of a form that is posted, as OpenAPI's request body."""
    fields = {name: _posted(field) for name, field in form_class().fields.items()}
    return {"multipart/form-data": {"type": "object", "properties": fields}}


def _posted(field: forms.Field) -> dict:
    if isinstance(field, forms.FileField):
        return {"type": "string", "format": "binary", "description": str(field.help_text)}
    text = "; ".join(str(part) for part in (field.label, field.help_text) if part)
    return _schema(field) | {"description": text}


def page_schema(table: Table) -> dict:
    """The JSON schema of one page of a table's rows."""
    link = {"type": "string", "format": "uri", "nullable": True}
    rows = {"type": "array", "items": row_schema(table)}
    properties = {"count": {"type": "integer"}, "next": link, "previous": link, "results": rows}
    return {"type": "object", "properties": properties}


def row_schema(table: Table) -> dict:
    """The JSON schema of one row of a table."""
    return {"type": "object", "properties": {column.name: _property(column) for column in table.columns}}


def _property(column: Column) -> dict:
    text = f"{column.description} ({column.unit})" if column.unit else column.description
    return {**JSON_TYPES[column.datatype], "description": text, "nullable": True}
