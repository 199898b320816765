"""The references in each tile: what is needed to renew the right ones, and to hide those that must be."""

from __future__ import annotations

from django.db import models


class Member(models.Model):
    """A reference that a filter's tiles are made of. No key to the reference: it may be gone before its tiles are."""

    rfid = models.BigIntegerField(primary_key=True)
    filtercode = models.CharField(max_length=2)
    digest = models.CharField(max_length=64, blank=True, help_text="of what its tiles show; empty: being made")
    made = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["filtercode"])]

    def __str__(self):
        return str(self.rfid)


class MemberTile(models.Model):
    """A tile of the finest order that shows a member, or may show it still."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="tiles", db_column="rfid")
    filtercode = models.CharField(max_length=2)
    cell = models.BigIntegerField(help_text="HEALPix number of the finest order, nested")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["filtercode", "cell", "member"], name="one_tile_a_member")]

    def __str__(self):
        return f"{self.filtercode} {self.cell}"
