"""Positions of names: by the tables that come along, by our own objects, by Sesame where that is switched on."""

from __future__ import annotations

from astropy.coordinates import name_resolve
from astropy.utils.data import conf as download_settings
from django.conf import settings
from django.core.cache import cache

from archive.models import Alert
from archive.search.names import NameNotFoundError, Resolved, resolve
from archive.survey.identifiers import alert_object_name
from archive.survey.times import SECONDS_PER_DAY

TIMEOUT = 5.0  # s


def locate(text: str, outside: bool = True) -> Resolved:
    """The position of what was typed: a position, a name of the tables, an alert object of ours, a name of Sesame.

    Alerts are looked for as the reader of the context. Sesame (CDS) is asked only where `SESAME_SERVERS` is set, for
    then what people type leaves this machine; never without `outside`.

    Raises
    ------
    BadPositionError
        for text of numbers only that is no position.
    NameNotFoundError
        for a name that nobody knows; it says who was asked.
    """
    try:
        return resolve(text)
    except NameNotFoundError as refused:
        known = alert_object_name(text)
        unknown = NameNotFoundError(f"{known}: no alert object of that name that you may see") if known else refused
        found = _own(text.strip()) or (_sesame(text.strip()) if outside else None)
        if found is None:
            raise unknown from refused
        if isinstance(found, str):
            raise NameNotFoundError(f"{unknown}; {found}") from unknown
        return found


def _own(name: str) -> Resolved | None:
    alert = Alert.objects.filter(objectid=alert_object_name(name) or name).order_by("-jd").first()
    return alert and Resolved("alert", alert.objectid, alert.ra, alert.dec)


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
            found = name_resolve.get_icrs_coordinates(name)
        except name_resolve.NameResolveError as reason:
            return f"nor does Sesame ({reason})"
        known = found.ra.deg, found.dec.deg
        cache.set(key, known, SECONDS_PER_DAY)
    ra, dec = known
    return Resolved("sesame", name, float(ra), float(dec))
