from firmware_bridge.models.credential import Credential, RefusedCredential
from firmware_bridge.models.decoder_map import DecoderMap, MappingUse, UnusableMap
from firmware_bridge.models.diagnosis import AlreadyAnswered, AlreadyHandled, Diagnosis

__all__ = [
    "AlreadyAnswered",
    "AlreadyHandled",
    "Credential",
    "DecoderMap",
    "Diagnosis",
    "MappingUse",
    "RefusedCredential",
    "UnusableMap",
]
