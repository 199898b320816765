from django.apps import AppConfig


class HipsConfig(AppConfig):
    name = "archive.hips"
    label = "hips"

    def ready(self):
        from archive.hips import following  # noqa: F401 (its receivers)
