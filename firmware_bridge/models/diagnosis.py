from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from capto.members.models import Organisation, Person
from capto.readings.models import Placement, Remark

QUIET_AFTER_FALSE_ALARM = timedelta(days=7)  # for which the same finding at the same place is not told again


class AlreadyAnswered(Exception):
    """The borrower answered before; the first answer stays with the data."""


class AlreadyHandled(Exception):
    """Another member of staff dealt with it before."""


class DiagnosisQuerySet(models.QuerySet["Diagnosis"]):
    def open_for(self, placement: Placement) -> "DiagnosisQuerySet":
        """What is wrong now at a placement, the oldest first."""
        return self.filter(placement=placement, until=None).order_by("since", "pk")

    def of_owners(self, owners: models.QuerySet[Organisation]) -> "DiagnosisQuerySet":
        """List the diagnoses of these organisations' sensors."""
        return self.filter(placement__sensor__owner__in=owners)

    def to_handle(self) -> "DiagnosisQuerySet":
        """What is wrong now and nobody of the staff has dealt with, the gravest and newest first."""
        return self.filter(until=None, handled_at=None).order_by("-since", "pk")


class Diagnosis(models.Model):
    """One thing that was wrong with a device at one placement, from `since` on; `until` when it was right again.

    `evidence` are the figures of the detector (firmware_bridge.diagnosis). The borrower's answer stays with the data.
    """

    class Kind(models.TextChoices):
        SILENT = "silent", _("Plus de nouvelles")
        STUCK = "stuck", _("Valeur figée")
        OUT_OF_RANGE = "out_of_range", _("Valeur impossible")
        TOO_HUMID = "too_humid", _("Humidité dans le boîtier")
        CLOCK_WRONG = "clock_wrong", _("Horloge fausse")
        BATTERY_LOW = "battery_low", _("Batterie faible")
        WEAK_SIGNAL = "weak_signal", _("Wi-Fi trop faible")
        FAN_FAILING = "fan_failing", _("Ventilateur en panne")
        INDOORS_BY_MISTAKE = "indoors_by_mistake", _("Capteur à l’intérieur")
        DRIFTING = "drifting", _("Mesure qui dérive")

    class Answer(models.TextChoices):
        COOKING = "cooking", _("Je cuisinais ou je faisais un feu")
        MOVED = "moved", _("J’ai déplacé le capteur")
        UNPLUGGED = "unplugged", _("Je l’ai débranché")
        FIXED = "fixed", _("J’ai fait ce qui était conseillé")
        NORMAL = "normal", _("Tout me semble normal")
        OTHER = "other", _("Autre chose")

    class Act(models.TextChoices):
        CALLED = "called", _("J’ai joint l’emprunteur")
        MENDED = "mended", _("Remis en ordre")
        TICKET = "ticket", _("Ouvrir un ticket d’entretien")
        SWAPPED = "swapped", _("Capteur échangé")
        WATCHED = "watched", _("À suivre, rien à faire maintenant")
        FALSE_ALARM = "false_alarm", _("Fausse alerte")

    placement = models.ForeignKey(Placement, models.CASCADE, related_name="diagnoses")
    kind = models.CharField(max_length=20, choices=Kind)
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict)
    answer = models.CharField(max_length=12, choices=Answer, blank=True)
    answer_text = models.CharField(max_length=500, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    act = models.CharField(max_length=12, choices=Act, blank=True)
    act_note = models.CharField(max_length=500, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")

    objects: ClassVar[DiagnosisQuerySet] = DiagnosisQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "diagnoses"
        constraints = [
            models.UniqueConstraint(
                fields=["placement", "kind"],
                condition=models.Q(until=None),
                name="one_open_diagnosis_of_a_kind_per_placement",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.placement} {self.kind}"

    def reply(self, answer: str, *, text: str = "", now: datetime) -> None:
        """Keep what the borrower says of it, here and with the readings that it explains.

        Raises AlreadyAnswered, and ValueError for an answer that is none.
        """
        if answer not in self.Answer.values:
            raise ValueError(f"{answer!r} is not an answer")
        with transaction.atomic():
            changed = Diagnosis.objects.filter(pk=self.pk, answered_at=None).update(
                answer=answer, answer_text=text[:500], answered_at=now
            )
            self.refresh_from_db()
            if not changed:
                raise AlreadyAnswered
            Remark.objects.create(
                placement_id=self.placement_id,
                kind=answer,
                about=self.kind,
                starts_at=self.since,
                ends_at=max(self.until or now, self.since + timedelta(microseconds=1)),
                said_at=now,
                text=text[:500],
            )

    def handle(self, act: str, *, note: str = "", by: Person, now: datetime) -> None:
        """Note what staff did about it; it ends when the device is right again, a false alarm at once.

        Raises AlreadyHandled, and ValueError for an act that is none.
        """
        if act not in self.Act.values:
            raise ValueError(f"{act!r} is not an act")
        changes = {"act": act, "act_note": note[:500], "handled_at": now, "handled_by": by}
        if act == self.Act.FALSE_ALARM:
            changes["until"] = now
        changed = Diagnosis.objects.filter(pk=self.pk, handled_at=None).update(**changes)
        self.refresh_from_db()
        if not changed:
            raise AlreadyHandled
