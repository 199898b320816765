"""The admin as this project runs it: every table registered there is edited by the rules of archive.edits."""

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class ArchiveAdminConfig(SimpleAdminConfig):
    """The admin without Django's discovery: addresses (portal.urls.site) and checks import it; commands need none."""

    default_site = "archive.edits.Site"

    def ready(self):
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_registered, checks.Tags.admin)


def check_registered(app_configs, **options) -> list[checks.CheckMessage]:
    """Django's checks of the admin, of everything that is registered there."""
    admin.autodiscover()
    return check_admin_app(app_configs, **options)
