from firmware_bridge.models.credential import Credential, RefusedCredential
from firmware_bridge.models.decoder_map import DecoderMap, MappingUse, UnusableMap
from firmware_bridge.models.diagnosis import AlreadyAnswered, AlreadyHandled, Diagnosis
from firmware_bridge.models.gateway import Gateway, SpeaksAnotherFormat

__all__ = [
    "AlreadyAnswered",
    "AlreadyHandled",
    "Credential",
    "DecoderMap",
    "Diagnosis",
    "Gateway",
    "MappingUse",
    "RefusedCredential",
    "SpeaksAnotherFormat",
    "UnusableMap",
]
