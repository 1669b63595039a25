from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from capto.readings.models import Placement


class AlreadyAnswered(Exception):
    """The borrower answered before; the first answer stays with the data."""


class DiagnosisQuerySet(models.QuerySet["Diagnosis"]):
    def open_for(self, placement: Placement) -> "DiagnosisQuerySet":
        """What is wrong now at a placement, the oldest first."""
        return self.filter(placement=placement, until=None).order_by("since", "pk")


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

    placement = models.ForeignKey(Placement, models.CASCADE, related_name="diagnoses")
    kind = models.CharField(max_length=20, choices=Kind)
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict)
    answer = models.CharField(max_length=12, choices=Answer, blank=True)
    answer_text = models.CharField(max_length=500, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = DiagnosisQuerySet.as_manager()

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
        """Keep what the borrower says of it. Raises AlreadyAnswered, and ValueError for an answer that is none."""
        if answer not in self.Answer.values:
            raise ValueError(f"{answer!r} is not an answer")
        changed = Diagnosis.objects.filter(pk=self.pk, answered_at=None).update(
            answer=answer, answer_text=text[:500], answered_at=now
        )
        self.refresh_from_db()
        if not changed:
            raise AlreadyAnswered
