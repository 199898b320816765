"""What may be asked: the pages' own forms, and how OpenAPI is told about them and about the data dictionary."""

from __future__ import annotations

from django import forms
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from archive.tables import Column, Table
from portal.forms import ImageSearchForm

LARGEST_PAGE = 1000
DEFAULT_PAGE = 100
TYPES = (
    (forms.BooleanField, OpenApiTypes.BOOL),
    (forms.IntegerField, OpenApiTypes.INT),
    (forms.FloatField, OpenApiTypes.DOUBLE),
    (forms.DateTimeField, OpenApiTypes.DATETIME),
)
JSON_TYPES = {
    "boolean": {"type": "boolean"},
    "short": {"type": "integer"},
    "int": {"type": "integer"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number", "format": "double"},
    "char": {"type": "string"},
}


class ImageParameters(ImageSearchForm):
    """As on the page, and the parts of archive.search.ImageQuery that the page does not show."""

    ra = forms.FloatField(required=False, help_text="ICRS, degrees; with dec instead of position")
    dec = forms.FloatField(required=False, help_text="ICRS, degrees")


class PageParameters(forms.Form):
    """Which part of the rows."""

    page = forms.IntegerField(required=False, min_value=1, help_text="counted from 1")
    page_size = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, help_text=f"rows, {DEFAULT_PAGE} unless told"
    )


class PlaceParameters(forms.Form):
    """A part of an image."""

    ra = forms.FloatField(min_value=0, max_value=360, help_text="ICRS, degrees")
    dec = forms.FloatField(min_value=-90, max_value=90, help_text="ICRS, degrees")
    size = forms.FloatField(required=False, help_text="full width, degrees; 0.02 unless told")
    file = forms.CharField(required=False, help_text="which file, by the end of its name; the image itself unless told")


class NameParameters(forms.Form):
    """Something with a name."""

    name = forms.CharField(help_text="a position, or a name such as M 31 or (1) Ceres")


def described(*form_classes: type[forms.Form]) -> list[OpenApiParameter]:
    """The fields of forms as OpenAPI's query parameters."""
    return [_parameter(name, field) for form in form_classes for name, field in form().fields.items()]


def _parameter(name: str, field: forms.Field) -> OpenApiParameter:
    kind = next((kind for form_type, kind in TYPES if isinstance(field, form_type)), OpenApiTypes.STR)
    choices = [value for value, _ in field.choices if value] if isinstance(field, forms.ChoiceField) else None
    text = "; ".join(str(part) for part in (field.label, field.help_text) if part)
    return OpenApiParameter(name, kind, description=text, required=field.required, enum=choices)


def form_schema(form_class: type[forms.Form]) -> dict:
    """The fields of a form that is posted, as OpenAPI's request body."""
    fields = {name: _posted(field) for name, field in form_class().fields.items()}
    return {"multipart/form-data": {"type": "object", "properties": fields}}


def _posted(field: forms.Field) -> dict:
    if isinstance(field, forms.FileField):
        return {"type": "string", "format": "binary", "description": str(field.help_text)}
    kinds = {forms.BooleanField: "boolean", forms.IntegerField: "integer", forms.FloatField: "number"}
    kind = next((kind for form_type, kind in kinds.items() if type(field) is form_type), "string")
    return {"type": kind, "description": "; ".join(str(part) for part in (field.label, field.help_text) if part)}


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
