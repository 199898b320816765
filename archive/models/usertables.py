"""Tables that people keep in the archive, for queries."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from archive.models.base import OpenModel
from archive.models.programs import ReaderGroup
from archive.tables.reserved_words import as_written


class UserTable(OpenModel):
    """A table of a person's own; PostgreSQL shows it (and its rows) to the owner and to those it is shared with."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tables")
    schema = models.CharField(max_length=80, help_text="user_ and the owner's name")
    name = models.CharField(max_length=60)
    description = models.TextField(blank=True)
    columns = models.JSONField(help_text="name, type, unit, ucd, description, utype, xtype of each")
    rows = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0, help_text="on disk, with its indexes")
    created = models.DateTimeField(auto_now_add=True)
    programs = ArrayField(models.SmallIntegerField(), default=list, help_text="who reads it has all of these")
    releases = ArrayField(
        models.CharField(max_length=50),
        default=list,
        help_text="public releases that may have opened what it holds when it was made",
    )
    everybody = models.BooleanField(default=False, help_text="whether all who sign in may read it")
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="shared_tables", blank=True)
    groups = models.ManyToManyField(ReaderGroup, related_name="shared_tables", blank=True)

    class Meta:
        ordering = ["schema", "name"]
        constraints = [models.UniqueConstraint(fields=["schema", "name"], name="one_usertable_of_a_name")]

    def __str__(self):
        return self.full_name

    @property
    def full_name(self) -> str:
        """Schema and name as a query writes them."""
        return f"{self.schema}.{as_written(self.name)}"

    @property
    def physical(self) -> tuple[str, str]:
        """Schema and name in PostgreSQL."""
        return ("tap_user", f"t{self.pk}")
