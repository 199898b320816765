from django.apps import AppConfig


class LightcurvesConfig(AppConfig):
    name = "lightcurves"

    def ready(self):
        from lightcurves import period_tables
        from lightcurves.mirror import keep_mirrored_curves
        from lightcurves.obscore import open_products
        from lightcurves.releases import open_with_releases
        from lightcurves.tap import open_tables

        open_with_releases()
        open_tables()
        open_products()
        period_tables.open_tables()
        keep_mirrored_curves()
