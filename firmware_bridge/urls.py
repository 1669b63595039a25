from django.urls import URLPattern, path

from firmware_bridge.importer_page import card

urlpatterns: list[URLPattern] = [
    path("capteurs/<str:code>/carte-sd/", card, name="sensor-card"),
]
