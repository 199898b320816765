"""Settings that an archive needs before it is open to others; checked by `manage.py check --deploy`."""

from __future__ import annotations

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def proxies_are_known(app_configs=None, **kwargs):
    """Behind a proxy whose entries are not believed, everybody would have one address: its own."""
    if settings.HTTPS and settings.PROXIES == 0:
        return [
            Error(
                "HTTPS is set, so a proxy stands before the portal, but PROXIES is 0: everybody would have the "
                "proxy's address, and a few wrong passwords would lock everybody out",
                hint="set PROXIES to the number of proxies of yours, for example PROXIES=1 for deploy/nginx.conf",
                id="portal.E001",
            )
        ]
    return []
