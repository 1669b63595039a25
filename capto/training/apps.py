from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "capto.training"
    label = "training"
