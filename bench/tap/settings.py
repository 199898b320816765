"""The portal with the measurement's own tables."""

from portal.settings import *  # noqa: F403 (these are the portal's settings and one application more)
from portal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench.tap.app"]
