from dashboards.messages.models.message import (
    HeldBack,
    MessageStep,
    NotApproved,
    PublicMessage,
    Signature,
    SignatureMissing,
    WrongState,
)
from dashboards.messages.models.reading import CharterNotSigned, OtherReading, ReadingAnswer
from dashboards.messages.models.rule import (
    ApprovedSentence,
    ClaimWord,
    MessageClass,
    MessageRule,
    NoRule,
    SignedAs,
)

__all__ = [
    "ApprovedSentence",
    "CharterNotSigned",
    "ClaimWord",
    "HeldBack",
    "MessageClass",
    "MessageRule",
    "MessageStep",
    "NoRule",
    "NotApproved",
    "OtherReading",
    "PublicMessage",
    "ReadingAnswer",
    "Signature",
    "SignatureMissing",
    "SignedAs",
    "WrongState",
]
