from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate, pre_migrate


class VirtualObservatoryConfig(AppConfig):
    name = "archive.services.vo"
    label = "vo"

    def ready(self):
        from archive.services.vo.schema.openers import open_when_asked
        from archive.services.vo.tap import removal  # noqa: F401 (its receivers)

        open_when_asked("archive.services.vo.publish.open_tables")
        archive = apps.get_app_config("archive")
        pre_migrate.connect(_drop_views, sender=archive, dispatch_uid="drop TAP views")
        post_migrate.connect(_make_views, sender=archive, dispatch_uid="make TAP views")


def _drop_views(**told) -> None:
    from archive.services.vo.schema.views import drop_views  # heavy, and only migrations need it

    drop_views(**told)


def _make_views(**told) -> None:
    from archive.services.vo.schema.views import make_views

    make_views(**told)
