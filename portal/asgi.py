"""The portal for an ASGI server."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings  # noqa: E402 (the settings module must be named first)
from django.core.wsgi import get_wsgi_application  # noqa: E402

from portal.gateway.app import Gateway  # noqa: E402
from portal.warm import load_pages  # noqa: E402

_django = get_wsgi_application()
load_pages()
application = Gateway(_django, settings.GATEWAY, settings.PROXIES)
