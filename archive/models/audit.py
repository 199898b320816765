"""The audit of rights: who did what, when, from where. Rows are only ever added; PostgreSQL refuses all else."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One action. Names are copied, so that an entry outlives whoever and whatever it speaks of."""

    moment = models.DateTimeField(auto_now_add=True)
    who = models.CharField(max_length=150, help_text="name of the account, or of the user of the machine")
    address = models.CharField(max_length=60, blank=True, help_text="network address; empty: on the machine itself")
    action = models.CharField(max_length=40, help_text="for example release.publish")
    target = models.CharField(max_length=200)
    key = models.CharField(max_length=100, blank=True, help_text="primary key of what it speaks of, which stays")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["action", "target"]),
            models.Index(fields=["key", "action"], name="auditentry_key"),
        ]

    def __str__(self):
        return f"{self.moment:%Y-%m-%d %H:%M:%S} {self.who} {self.action} {self.target}"
