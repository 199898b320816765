"""Orders to the queue: which filters' tiles are to be made anew, when a release opens or closes references."""

from __future__ import annotations

from django.dispatch import receiver
from django_q.tasks import async_task

from archive.models import Family, ReferenceImage, ReleaseItem
from archive.releases import released, withdrew


@receiver([released, withdrew])
def follow_release(sender, release, **kwargs) -> None:
    """Queue the filters of a release's references; the queue row commits with the release's rights."""
    if Family.REF in release.families:
        held = ReleaseItem.objects.filter(release=release, kind=ReleaseItem.Kind.REFERENCE).values("key")
        for filtercode in ReferenceImage.objects.filter(pk__in=held).order_by().values_list("filtercode").distinct():
            queue(*filtercode)


def queue(filtercode: str) -> None:
    """Have a filter's tiles brought in step with what is public."""
    async_task("archive.services.hips.sync.catch_up", filtercode, task_name=f"hips {filtercode}")
