from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from capto.members.models.person import Person


class Charter(models.Model):
    """One version of what a borrower agrees to. Rows are added, never changed: an agreement names its version."""

    version = models.CharField(max_length=20, unique=True)
    text = models.TextField()  # Markdown
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["-published_at", "-pk"]

    def __str__(self) -> str:
        return self.version

    @classmethod
    def current(cls, *, now: datetime) -> "Charter | None":
        """Give the version in force, None before the first."""
        return cls.objects.filter(published_at__lte=now).first()

    @classmethod
    def before(cls, person: Person, *, now: datetime) -> "tuple[Charter | None, bool]":
        """Give the version in force and whether the person accepts it, in one query; see `Consent.stands`."""
        said = Consent.objects.filter(
            person=person, purpose=Consent.Purpose.CHARTER, charter=models.OuterRef("pk")
        )
        last = models.Subquery(said.order_by("-at", "-pk").values("is_given")[:1])
        charter: Any = cls.objects.filter(published_at__lte=now).annotate(accepted=last).first()
        return charter, charter is not None and bool(charter.accepted)


class Consent(models.Model):
    """What one person said yes or no to, on which day, in front of which text. Withdrawing adds a row."""

    class Purpose(models.TextChoices):
        CHARTER = "charter", _("charte du prêt")
        EXACT_POSITION = "exact_position", _("publication de la position exacte")
        SHOW_NAME = "show_name", _("affichage du nom")
        NEWS = "news", _("nouvelles et invitations")

    class Way(models.TextChoices):
        SCREEN = "screen", _("à l’écran")
        PAPER = "paper", _("sur papier")
        SPOKEN = "spoken", _("de vive voix, noté par le personnel")

    person = models.ForeignKey(Person, models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose)
    is_given = models.BooleanField()
    at = models.DateTimeField()
    way = models.CharField(max_length=10, choices=Way)
    charter = models.ForeignKey(Charter, models.PROTECT, null=True, blank=True)
    text_shown = models.TextField(blank=True)
    recorded_by = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="consents_recorded"
    )  # the member of staff, where the person was served on behalf

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(purpose="charter") | models.Q(charter__isnull=False),
                name="consent_to_the_charter_names_its_version",
            ),
        ]

    @classmethod
    def stands(cls, person: Person, *, purpose: str, charter: Charter | None = None) -> bool:
        """True where the last thing that the person said on this purpose (and charter) was yes."""
        said = cls.objects.filter(person=person, purpose=purpose)
        if charter is not None:
            said = said.filter(charter=charter)
        last = said.last()
        return last is not None and last.is_given
