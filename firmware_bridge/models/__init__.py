from firmware_bridge.models.credential import Credential, RefusedCredential

__all__ = ["Credential", "RefusedCredential"]
