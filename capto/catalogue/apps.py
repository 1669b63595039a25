from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "capto.catalogue"
    label = "catalogue"
