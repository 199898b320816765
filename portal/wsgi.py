"""The portal for a WSGI server."""

import os
import tempfile

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
BLOCK = 1 << 16
IN_MEMORY = 1 << 20  # bytes


class WholeBodies:
    """Gives a body that comes in chunks, without its length ahead, the length that Django reads bodies by.

    TOPCAT and STILTS send uploads so. Of one that is longer than may be, the beginning is passed on: what reads it
    finds it broken off and refuses it.
    """

    def __init__(self, inside):
        self._inside = inside

    def __call__(self, environ, start_response):
        chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        if not chunked or environ.get("CONTENT_LENGTH"):
            return self._inside(environ, start_response)
        body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it goes with the request)
        size = 0
        while size <= settings.LARGEST_BODY and (block := environ["wsgi.input"].read(BLOCK)):
            size += body.write(block)
        body.seek(0)
        return self._inside(environ | {"wsgi.input": body, "CONTENT_LENGTH": str(size)}, start_response)


application = WholeBodies(get_wsgi_application())
