"""Why a message became no reading: the codes of `RejectedMessage.reason`."""

UNKNOWN_DEVICE = "unknown_device"
UNKNOWN_FORMAT = "unknown_format"
UNDECODABLE = "undecodable"
DECODER_FAILED = "decoder_failed"
TOO_LARGE = "too_large"
TOO_FAST = "too_fast"  # over the limit of one device (firmware_bridge.device_limits)
NO_IDENTITY = "no_identity"
IDENTITY_MISMATCH = "identity_mismatch"
REFUSED_ITEMS = "refused_items"  # the rest of the message was stored
FUTURE = "future"
OUTSIDE_PLACEMENTS = "outside_placements"
CONFLICT = "conflict"  # another content is stored for the same sensor, time and layout
REFUSED_BY_DATABASE = "refused_by_database"
