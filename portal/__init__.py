"""The Django project and the pages: settings, urls, celery app, accounts, search pages, dashboards, help."""
