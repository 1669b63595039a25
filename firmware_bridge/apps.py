from django.apps import AppConfig


class FirmwareBridgeConfig(AppConfig):
    name = "firmware_bridge"
    label = "firmware_bridge"
