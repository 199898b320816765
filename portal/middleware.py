"""Each request reads the archive with the rights of the person who asks."""

import re

from django.db import DataError, transaction
from django_structlog.middlewares import RequestMiddleware

from archive import site
from archive.access import reading
from archive.answers import problem
from archive.members import reader_of

_PASSWORD = re.compile(r"((?:password|userpass)[^=&]*=)[^&]*", re.IGNORECASE)


class RequestLog(RequestMiddleware):
    """One line for each request; a password that stands in its address, as IRSA's sign-in has it, is left out."""

    @staticmethod
    def format_request(request):
        return _PASSWORD.sub(r"\1...", RequestMiddleware.format_request(request))


class ReaderMiddleware:
    """Puts the reader on the request and makes the answer inside their rights.

    A streamed answer is made after this; its generator opens `reading(request.reader)` itself.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.reader = reader_of(request.user)
        with site.reached_at(request.build_absolute_uri("/")), reading(request.reader):
            return self.get_response(request)

    def process_exception(self, request, exception):
        """A condition may ask for a number that no type of the database can hold."""
        if isinstance(exception, DataError):
            transaction.set_rollback(True, using="reader")
            return problem(f"{request.path}: a number in the question is out of range ({exception})".strip())
        return None
