from firmware_bridge.models.credential import Credential, RefusedCredential
from firmware_bridge.models.decoder_map import DecoderMap, MappingUse, UnusableMap

__all__ = ["Credential", "DecoderMap", "MappingUse", "RefusedCredential", "UnusableMap"]
