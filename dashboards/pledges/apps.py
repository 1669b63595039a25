from django.apps import AppConfig


class PledgesConfig(AppConfig):
    name = "dashboards.pledges"
    label = "pledges"
