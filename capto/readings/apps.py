from django.apps import AppConfig


class ReadingsConfig(AppConfig):
    name = "capto.readings"
    label = "readings"
