"""Signals of releases and periods, handed to lightcurves.updates.releases, which is imported when one comes.

Receivers are connected in every process; most commands never send a signal, and what follows one is heavy.
"""

from __future__ import annotations

from django.dispatch import receiver

from archive.models import Family
from archive.releases import released, withdrew
from archive.releases.redating import follow_rule, redated, taken_back
from archive.releases.rights import Opening, also_opens


def open_with_releases() -> None:
    """Let releases open points, images' numbers and corrections; their dates are those of their images."""
    family = (str(Family.LIGHTCURVE),)
    also_opens(Opening("lightcurves_detection", "pid", "pid", ("sci",), family, night="nid", follows=True))
    also_opens(Opening("lightcurves_image", "pid", "pid", ("sci",), family, follows=True))
    also_opens(Opening("lightcurves_imagecorrection", "pid", "pid", ("sci",), family, follows=True))
    follow_rule("lightcurves_toldcurve", "t.observed")


@receiver(released)
def on_released(sender, release, parameters: dict, **kwargs) -> None:
    from lightcurves.updates.releases import open_sources_of

    open_sources_of(release, parameters)
    _follow_in_tap(release)


@receiver(withdrew)
def on_withdrew(sender, release, parameters: dict, **kwargs) -> None:
    from lightcurves.updates.releases import close_sources_of

    close_sources_of(release, parameters)
    _follow_in_tap(release)


def _follow_in_tap(release) -> None:
    """Open or close the table of a release's objects."""
    from lightcurves.tables.tap import follow_releases

    if Family.LIGHTCURVE in release.families:
        follow_releases()


@receiver(redated)
def on_redated(sender, program, now, **kwargs) -> None:
    from lightcurves.updates.releases import unpack_dated

    unpack_dated(program, now)


@receiver(taken_back)
def on_taken_back(sender, program, change, **kwargs) -> None:
    from lightcurves.updates.releases import close_taken_back

    close_taken_back(program, change)
