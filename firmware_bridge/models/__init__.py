from firmware_bridge.models.credential import Credential, RefusedCredential
from firmware_bridge.models.decoder_map import DecoderMap, MappingUse, UnusableMap
from firmware_bridge.models.diagnosis import AlreadyAnswered, AlreadyHandled, Diagnosis
from firmware_bridge.models.gateway import Gateway, SpeaksAnotherFormat
from firmware_bridge.models.state import BrokerState, ProcessState

__all__ = [
    "AlreadyAnswered",
    "AlreadyHandled",
    "BrokerState",
    "Credential",
    "DecoderMap",
    "Diagnosis",
    "Gateway",
    "MappingUse",
    "ProcessState",
    "RefusedCredential",
    "SpeaksAnotherFormat",
    "UnusableMap",
]
