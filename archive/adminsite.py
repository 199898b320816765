"""The admin as this project runs it: every table registered there is edited by the rules of archive.edits."""

from django.contrib.admin.apps import SimpleAdminConfig


class ArchiveAdminConfig(SimpleAdminConfig):
    default_site = "archive.edits.Site"
