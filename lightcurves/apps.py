from django.apps import AppConfig


class LightcurvesConfig(AppConfig):
    name = "lightcurves"
