from django.apps import AppConfig


class ProcessingConfig(AppConfig):
    name = "processing"

    def ready(self):
        from processing.forced.overlay import join

        join()
