from django.urls import URLPattern, path

from firmware_bridge.importer_page import card
from firmware_bridge.views import access, diagnoses, gateways, loan, rejected, status, unknown

urlpatterns: list[URLPattern] = [
    path("statut/", status.status, name="status"),
    path("metrics", status.metrics, name="metrics"),
    path("capteurs/<str:code>/carte-sd/", card, name="sensor-card"),
    path("prets/<slug:public_id>/appareils/", loan.devices, name="loan-devices"),
    path("capteurs/<str:code>/acces/", access.sensor_access, name="sensor-access"),
    path("prets/<slug:public_id>/appareils/<str:code>/", access.loan_access, name="loan-device"),
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
    path("appareils/passerelles/", gateways.gateways, name="gateways"),
    path("appareils/passerelles/<int:pk>/", gateways.gateway, name="gateway"),
    path("appareils/passerelles/<int:pk>/capteurs/", gateways.register, name="gateway-register"),
    path("appareils/refuses/", rejected.rejected, name="rejected-messages"),
    path("appareils/refuses/relire/", rejected.replay_rejected, name="replay-rejected"),
    path("appareils/refuses/<int:pk>/", rejected.rejected_message, name="rejected-message"),
]
