"""BokehJS comes from the Bokeh wheel, so that it always fits the Python side."""

from pathlib import Path

import bokeh
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

WANTED = ("bokeh.min.js", "bokeh-gl.min.js", "bokeh-api.min.js", "bokeh-widgets.min.js")


class BokehFinder(BaseFinder):
    """Finds bokeh/NAME.min.js among the wheel's files."""

    def __init__(self, *args, **kwargs):
        folder = Path(bokeh.__file__).parent / "server" / "static" / "js"
        self.storage = FileSystemStorage(location=folder)
        self.storage.prefix = "bokeh"

    def find(self, path, find_all=False, **kwargs):
        folder, _, name = path.partition("/")
        if folder != "bokeh" or name not in WANTED:
            return []
        found = self.storage.path(name)
        return [found] if find_all else found

    def list(self, ignore_patterns):
        for name in WANTED:
            if not matches_patterns(name, ignore_patterns or []):
                yield name, self.storage
