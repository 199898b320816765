"""The Django project and the pages: settings, urls, celery app, accounts, search pages, dashboards, help."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
