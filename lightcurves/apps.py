from django.apps import AppConfig


class LightcurvesConfig(AppConfig):
    name = "lightcurves"

    def ready(self):
        from lightcurves.tables import periods
        from lightcurves.tables.obscore import open_products
        from lightcurves.tables.tap import open_tables
        from lightcurves.told.taking import keep_told_curves
        from lightcurves.updates.mirror import keep_mirrored_curves
        from lightcurves.updates.releases import open_with_releases

        open_with_releases()
        open_tables()
        open_products()
        periods.open_tables()
        keep_mirrored_curves()
        keep_told_curves()
