"""What a program shows to sign in: a long random text of which the database keeps a hash only."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.members.models.organisation import Organisation
from capto.members.models.person import Person
from capto.members.roles import Capability

BEGINS = "capto_"  # so that a token is recognised where it should not be
SHOWN = len(BEGINS) + 6  # characters by which people tell tokens apart
USE_NOTED_EVERY = timedelta(minutes=1)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, *, now: datetime) -> "ApiTokenQuerySet":
        """List the tokens that open something at a moment."""
        return self.filter(expires_at__gt=now, revoked_at=None, person__is_active=True)

    def shown(self, token: str, *, now: datetime) -> "ApiToken | None":
        """Find the valid token whose text a program shows."""
        found = self.valid(now=now).filter(token_hash=_hash(token))
        return found.select_related("person", "organisation").first()


def _hash(token: str) -> str:
    # 32 random bytes: nothing to guess, so a plain hash keeps the secret.
    return hashlib.sha256(token.encode()).hexdigest()


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["token_hash", "last_used_at"],
)
class ApiToken(models.Model):
    """A program acts as a person, within one organisation, never beyond that person's roles nor the token's scope."""

    class Scope(models.TextChoices):
        DESK = "desk", _("prêter, reprendre, prolonger, échanger, expédier")
        HOLDS = "holds", _("réserver pour quelqu’un")
        OVERRIDE = "override", _("passer outre une règle, avec une raison")

    CAPABILITIES: ClassVar[dict[str, frozenset[Capability]]] = {
        Scope.DESK: frozenset({Capability.LEND, Capability.SEE_BORROWERS}),
        Scope.HOLDS: frozenset({Capability.SERVE_ON_BEHALF}),
        Scope.OVERRIDE: frozenset({Capability.OVERRIDE_RULES}),
    }

    person = models.ForeignKey(Person, models.CASCADE, related_name="api_tokens")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100)  # the program that holds it
    scope = ArrayField(models.CharField(max_length=10, choices=Scope))
    begins = models.CharField(max_length=SHOWN)
    token_hash = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ApiTokenQuerySet] = ApiTokenQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("issued_at")), name="a_token_expires_after_it_is_issued"
            ),
            models.CheckConstraint(condition=~Q(scope=[]), name="a_token_opens_something"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.begins}…)"

    @classmethod
    def issue(
        cls,
        person: Person,
        *,
        organisation: Organisation,
        name: str,
        scope: Iterable[str],
        days: int,
        by: Person,
        now: datetime,
    ) -> tuple["ApiToken", str]:
        """Issue a token that runs for some days; gives it and its text, which nobody can read again."""
        text = BEGINS + secrets.token_urlsafe(32)
        token = cls.objects.create(
            person=person,
            organisation=organisation,
            name=name,
            scope=sorted(scope),
            begins=text[:SHOWN],
            token_hash=_hash(text),
            issued_at=now,
            issued_by=by,
            expires_at=now + timedelta(days=days),
        )
        return token, text

    def revoke(self, *, now: datetime) -> None:
        """Let the token open nothing any more; a second time changes nothing."""
        type(self).objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now)
        self.refresh_from_db()

    def note_use(self, *, now: datetime) -> None:
        """Note that a program used it, to the minute."""
        if self.last_used_at is None or now - self.last_used_at >= USE_NOTED_EVERY:
            type(self).objects.filter(pk=self.pk).update(last_used_at=now)

    def covers(self, capability: Capability, *, within: Organisation) -> bool:
        """True where its scope holds a capability in an organisation; the person must hold it too."""
        held = any(capability in self.CAPABILITIES[scope] for scope in self.scope)
        return held and within.pk == self.organisation_id
