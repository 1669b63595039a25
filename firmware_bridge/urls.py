from django.urls import URLPattern, path

from firmware_bridge.importer_page import card
from firmware_bridge.views import diagnoses, loan, rejected, unknown

urlpatterns: list[URLPattern] = [
    path("capteurs/<str:code>/carte-sd/", card, name="sensor-card"),
    path("prets/<slug:public_id>/appareils/", loan.devices, name="loan-devices"),
    path("prets/<slug:public_id>/diagnostics/<int:pk>/", loan.answer, name="loan-answer"),
    path("appareils/", diagnoses.diagnoses, name="diagnoses"),
    path("appareils/diagnostics/<int:pk>/", diagnoses.handle, name="diagnosis-handle"),
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
