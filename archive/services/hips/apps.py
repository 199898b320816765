from django.apps import AppConfig


class HipsConfig(AppConfig):
    name = "archive.services.hips"
    label = "hips"

    def ready(self):
        from archive.services.hips import orders  # noqa: F401 (its receivers)
