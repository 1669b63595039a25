import json
import secrets
from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, ClassVar

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from capto.catalogue.models import Sensor
from capto.readings.models import Placement
from firmware_bridge.models.gateway import Gateway

ADMIT = (
    "capto_admit_to_broker"  # the channel on which a new credential is told (firmware_bridge.broker_access)
)
SECRET_BYTES = 16  # 128 random bits
USERNAME_BYTES = 5  # 40 random bits: it only has to be unlike the others, and short enough to type


class RefusedCredential(Exception):
    """No such user name, another secret, or a credential that was revoked: which one is not said."""


class CredentialQuerySet(models.QuerySet["Credential"]):
    def standing(self) -> "CredentialQuerySet":
        """List the credentials that were not revoked and whose placement has not ended by the database's clock.

        One without a placement ends when its sensor is lent after it was issued.
        """
        lent = Placement.objects.filter(
            sensor=OuterRef("sensor"),
            purpose=Placement.Purpose.LOAN,
            starts_at__gt=OuterRef("created_at"),
            starts_at__lte=Now(),
        )
        return self.filter(
            Q(placement=None) & ~Exists(lent)
            | Q(placement__isnull=False) & (Q(placement__ends_at=None) | Q(placement__ends_at__gt=Now())),
            revoked_at=None,
        )


class Credential(models.Model):
    """What one sensor proves itself with, for one placement, or one gateway; its secret is shown once, never stored.

    It ends when it is renewed, when its placement ends, and, where it has none, when its sensor is lent.

    `secret_sha256` is enough against theft of the table because the secret has 128 random bits: there is no
    list of likely secrets to try, which is what a slow hash is against.
    """

    sensor = models.ForeignKey(Sensor, models.CASCADE, null=True, blank=True, related_name="credentials")
    gateway = models.ForeignKey(Gateway, models.CASCADE, null=True, blank=True, related_name="credentials")
    placement = models.ForeignKey(
        Placement, models.SET_NULL, null=True, blank=True, related_name="credentials"
    )
    username = models.CharField(max_length=40, unique=True)
    secret_sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)  # when the broker knew of it

    objects: ClassVar[CredentialQuerySet] = CredentialQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sensor"],
                condition=models.Q(revoked_at=None),
                name="one_valid_credential_per_sensor",
            ),
            models.UniqueConstraint(
                fields=["gateway"],
                condition=models.Q(revoked_at=None),
                name="one_valid_credential_per_gateway",
            ),
            models.CheckConstraint(
                condition=Q(sensor__isnull=False, gateway=None) | Q(sensor=None, gateway__isnull=False),
                name="a_credential_is_of_a_sensor_or_a_gateway",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @classmethod
    def issue(
        cls, sensor: Sensor, *, placement: Placement | None = None, now: datetime
    ) -> tuple["Credential", str]:
        """Give a sensor a new credential and revoke the one before; returns it with its secret, this once.

        Both are lower-case letters and digits without a sign that can be mistaken in a form of a device.
        """
        with transaction.atomic():
            Sensor.objects.select_for_update().get(pk=sensor.pk)  # two desks renew one after the other
            cls.revoke_of(sensor, now=now)
            return cls._made(sensor=sensor, placement=placement, now=now)

    @classmethod
    def issue_to(cls, gateway: Gateway, *, now: datetime) -> tuple["Credential", str]:
        """Give a gateway a new credential and revoke the one before; returns it with its secret, this once."""
        with transaction.atomic():
            Gateway.objects.select_for_update().get(pk=gateway.pk)
            cls.objects.filter(gateway=gateway, revoked_at=None).update(revoked_at=now)
            return cls._made(gateway=gateway, now=now)

    @classmethod
    def _made(cls, *, now: datetime, **whose: Any) -> tuple["Credential", str]:
        secret = _letters(secrets.token_bytes(SECRET_BYTES))
        credential = cls.objects.create(
            username=f"c{_letters(secrets.token_bytes(USERNAME_BYTES))}",
            secret_sha256=hash_of(secret),
            created_at=now,
            **whose,
        )
        # The broker needs the secret itself, once: it goes with the commit to who keeps the broker's accounts,
        # and is written to no table.
        note = json.dumps({"username": credential.username, "secret": secret})
        connection.cursor().execute("SELECT pg_notify(%s, %s)", [ADMIT, note])
        return credential, secret

    @classmethod
    def revoke_of(cls, sensor: Sensor, *, now: datetime) -> int:
        """Revoke what a sensor has; returns how many (one or none)."""
        return cls.objects.filter(sensor=sensor, revoked_at=None).update(revoked_at=now)

    @classmethod
    def verify(cls, username: str, secret: str) -> "Credential":
        """Find the valid credential of a user name and a secret. Raises RefusedCredential."""
        found = cls.objects.standing().filter(username=username).first()
        stored = bytes(found.secret_sha256) if found is not None else bytes(32)
        if not compare_digest(stored, hash_of(secret)) or found is None:
            raise RefusedCredential
        return found


def hash_of(secret: str) -> bytes:
    """Hash a secret as it is stored: SHA-256."""
    return sha256(secret.encode()).digest()


def _letters(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=").lower()
