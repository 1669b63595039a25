from django.apps import AppConfig


class EpisodesConfig(AppConfig):
    name = "dashboards.episodes"
    label = "episodes"
