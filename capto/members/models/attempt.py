from datetime import datetime, timedelta

from django.db import models
from django.utils.crypto import salted_hmac

WINDOW = timedelta(minutes=15)
LIMITS = {  # attempts within WINDOW; our choice: a person mistypes a few times, a guesser needs thousands
    "sign_in": 10,
    "sign_in_address": 50,  # from one network address: a school's pupils share one
    "link": 4,
    "link_address": 30,
    "second_factor": 8,
    "problem": 10,
    "pledge": 3,  # confirmation mails to one mailbox
    "pledge_address": 30,  # pledges from one network address: a stall at the market shares one
    "pledge_link": 30,  # links tried from one network address that open nothing
    "pledge_everyone": 600,  # confirmation mails of the whole site: what a script could make us send
}


class TooManyAttempts(Exception):
    """The limit of attempts of this kind is reached; waiting `WINDOW` opens the way again."""


class Attempt(models.Model):
    """One try at a door, kept as a keyed hash for `WINDOW` so that guessing is slow and nobody's address stays."""

    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "key", "at"])]

    @classmethod
    def note(cls, kind: str, key: str, *, now: datetime) -> None:
        """Note one attempt; raises TooManyAttempts when `LIMITS[kind]` were noted within the last `WINDOW`."""
        hashed = cls._hash(kind, key)
        cls.objects.filter(at__lt=now - WINDOW).delete()
        if cls.objects.filter(kind=kind, key=hashed, at__gt=now - WINDOW).count() >= LIMITS[kind]:
            raise TooManyAttempts(kind)
        cls.objects.create(kind=kind, key=hashed, at=now)

    @classmethod
    def forget(cls, kind: str, key: str) -> None:
        """Forget the attempts of this key: the door was opened with the right key."""
        cls.objects.filter(kind=kind, key=cls._hash(kind, key)).delete()

    @staticmethod
    def _hash(kind: str, key: str) -> str:
        return salted_hmac("capto.members.attempt", f"{kind}:{key.lower()}", algorithm="sha256").hexdigest()
