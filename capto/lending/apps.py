from django.apps import AppConfig


class LendingConfig(AppConfig):
    name = "capto.lending"
    label = "lending"
