"""The admin as this project runs it: every table registered there is edited by the rules of archive.edits."""

from django.contrib.admin.apps import AdminConfig


class ArchiveAdminConfig(AdminConfig):
    default_site = "archive.edits.Site"
