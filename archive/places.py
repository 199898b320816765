"""Where a name lies: by the tables that come along, by our own objects, by Sesame where that is switched on."""

from __future__ import annotations

from astropy.coordinates import name_resolve
from astropy.utils.data import conf as download_settings
from django.conf import settings
from django.core.cache import cache

from archive.models import Alert
from archive.names import NameNotFound, Resolved, resolve

DAY = 86400
TIMEOUT = 5.0  # s


def locate(text: str) -> Resolved:
    """What somebody typed: a position, a name of the tables, an object of this archive's alerts, a name of Sesame.

    Alerts are looked for as the reader of the context. Sesame (CDS) is asked only where `SESAME_SERVERS` is set, for
    then what people type leaves this machine.

    Raises
    ------
    BadPosition
        for text of numbers only that is no position.
    NameNotFound
        for a name that nobody knows; it says who was asked.
    """
    try:
        return resolve(text)
    except NameNotFound as unknown:
        found = _own(text.strip()) or _sesame(text.strip())
        if found is None:
            raise
        if isinstance(found, str):
            raise NameNotFound(f"{unknown}; {found}") from unknown
        return found


def _own(name: str) -> Resolved | None:
    alert = Alert.objects.filter(objectid=name).order_by("-jd").first()
    return alert and Resolved("alert", name, alert.ra, alert.dec)


def _sesame(name: str) -> Resolved | str | None:
    """Sesame's answer, or why it has none; None where it is not asked."""
    if not settings.SESAME_SERVERS:
        return None
    key = "sesame:" + name.casefold().encode().hex()[:200]
    known = cache.get(key)
    if known is None:
        name_resolve.sesame_url.set(settings.SESAME_SERVERS)
        download_settings.remote_timeout = TIMEOUT
        try:
            place = name_resolve.get_icrs_coordinates(name)
        except name_resolve.NameResolveError as reason:
            return f"nor does Sesame ({reason})"
        known = place.ra.deg, place.dec.deg
        cache.set(key, known, DAY)
    return Resolved("sesame", name, *map(float, known))
