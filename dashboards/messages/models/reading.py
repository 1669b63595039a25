from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from capto.members.models import BorrowerGroup, Charter, Consent, Organisation, Person
from dashboards.episodes.models import Episode
from dashboards.messages.models.message import PublicMessage
from dashboards.messages.models.rule import ADDED_ONLY


class CharterNotSigned(Exception):
    """Only who has signed the charter in force attaches a reading of the data."""


class OtherReading(models.Model):
    """What an organisation or a group reads in the same data: labelled by its origin, answered, never deleted."""

    message = models.ForeignKey(PublicMessage, models.PROTECT, null=True, blank=True, related_name="readings")
    episode = models.ForeignKey(Episode, models.PROTECT, null=True, blank=True, related_name="readings")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    group = models.ForeignKey(BorrowerGroup, models.PROTECT, null=True, blank=True, related_name="+")
    written_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    charter = models.ForeignKey(Charter, models.PROTECT, related_name="+")  # the version that was signed
    title = models.CharField(max_length=160)
    text = models.TextField()  # Markdown
    data_url = models.URLField(max_length=500, blank=True)  # exactly the data that it reads
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(message__isnull=False, episode__isnull=True)
                | Q(message__isnull=True, episode__isnull=False),
                name="a_reading_is_of_a_message_or_of_an_episode",
            ),
            models.CheckConstraint(
                condition=Q(organisation__isnull=False, group__isnull=True)
                | Q(organisation__isnull=True, group__isnull=False),
                name="a_reading_is_of_an_organisation_or_of_a_group",
            ),
        ]
        triggers = ADDED_ONLY

    def __str__(self) -> str:
        return self.title

    @property
    def whose(self) -> Organisation | BorrowerGroup | None:
        """Give who speaks."""
        return self.organisation or self.group

    @classmethod
    def attach(
        cls,
        to: PublicMessage | Episode,
        *,
        by: Person,
        of: Organisation | BorrowerGroup,
        title: str,
        text: str,
        now: datetime,
        data_url: str = "",
    ) -> OtherReading:
        """Attach a reading in the name of an organisation or a group.

        Raises CharterNotSigned where the person has not signed the charter in force, PermissionError where they do not
        speak for the organisation (a running role) or the group (its responsible adult).
        """
        charter = Charter.current(now=now)
        if charter is None or not Consent.stands(by, purpose=Consent.Purpose.CHARTER, charter=charter):
            raise CharterNotSigned
        if isinstance(of, Organisation):
            speaks = by.running_roles().filter(organisation=of).exists()
        else:
            speaks = of.is_active and of.responsible_id == by.pk
        if not speaks:
            raise PermissionError(str(of))
        return cls.objects.create(
            message=to if isinstance(to, PublicMessage) else None,
            episode=to if isinstance(to, Episode) else None,
            organisation=of if isinstance(of, Organisation) else None,
            group=of if isinstance(of, BorrowerGroup) else None,
            written_by=by, charter=charter, title=title, text=text, data_url=data_url, at=now,
        )  # fmt: skip

    def answer(self, text: str, *, by: Person, organisation: Organisation, now: datetime) -> ReadingAnswer:
        """Answer beneath it, at equal prominence."""
        return self.answers.create(text=text, by=by, organisation=organisation, at=now)


class ReadingAnswer(models.Model):
    """An answer to a reading; it stays too."""

    reading = models.ForeignKey(OtherReading, models.PROTECT, related_name="answers")
    text = models.TextField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        triggers = ADDED_ONLY
