from django.apps import AppConfig


class ProcessingConfig(AppConfig):
    name = "processing"

    def ready(self):
        from processing.forced import told
        from processing.forced.overlay import join

        join()
        told.keep_forced_points()
