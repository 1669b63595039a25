from django.apps import AppConfig


class SimulationConfig(AppConfig):
    name = "capto.simulation"
    label = "simulation"
