from django.apps import AppConfig


class ValidationConfig(AppConfig):
    name = "capto.validation"
    label = "validation"
