from django.urls import URLPattern, path

from firmware_bridge.importer_page import card
from firmware_bridge.views import rejected, unknown

urlpatterns: list[URLPattern] = [
    path("capteurs/<str:code>/carte-sd/", card, name="sensor-card"),
    path("appareils/inconnus/", unknown.unknown, name="unknown-devices"),
    path(
        "appareils/inconnus/<slug:wire_format>/<path:device>/attribuer/", unknown.claim, name="claim-device"
    ),
    path(
        "appareils/inconnus/<slug:wire_format>/<path:device>/", unknown.unknown_device, name="unknown-device"
    ),
    path("appareils/refuses/", rejected.rejected, name="rejected-messages"),
    path("appareils/refuses/relire/", rejected.replay_rejected, name="replay-rejected"),
    path("appareils/refuses/<int:pk>/", rejected.rejected_message, name="rejected-message"),
]
