from django.apps import AppConfig


class LightcurvesConfig(AppConfig):
    name = "lightcurves"

    def ready(self):
        from lightcurves import releases  # noqa: F401 (listens to releases of the archive)
        from lightcurves.tap import open_tables

        open_tables()
