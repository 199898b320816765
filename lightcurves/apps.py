from django.apps import AppConfig


class LightcurvesConfig(AppConfig):
    name = "lightcurves"
    keeps_mirrored_curves = "lightcurves.updates.mirror.take"
    keeps_curve_files = "lightcurves.told.taking.take"

    def ready(self):
        from archive.services.vo.schema.openers import open_when_asked
        from lightcurves.updates.receivers import open_with_releases

        open_with_releases()
        open_when_asked("lightcurves.tables.tap.open_tables")
        open_when_asked("lightcurves.tables.obscore.open_products")
        open_when_asked("lightcurves.tables.periods.open_tables")
