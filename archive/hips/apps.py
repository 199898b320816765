from django.apps import AppConfig


class HipsConfig(AppConfig):
    name = "archive.hips"
    label = "hips"
