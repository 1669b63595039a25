from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

USUAL_DAYS = {  # where a row is missing; usual practice (reference sheet on privacy, section 4)
    "account": 1095,
    "loan_file": 365,
    "exact_position": 30,
    "postal_address": 30,
    "messages": 365,
    "desk_answers": 30,
}


class RetentionRule(models.Model):
    """How long one kind of personal data is kept. Changed by who administers the instance, applied every night."""

    class Data(models.TextChoices):
        ACCOUNT = "account", _("compte sans activité")
        LOAN_FILE = "loan_file", _("dossier de prêt : qui, questions, notes")
        EXACT_POSITION = "exact_position", _("position exacte du capteur")
        POSTAL_ADDRESS = "postal_address", _("adresse postale")
        MESSAGES = "messages", _("texte des messages envoyés")
        DESK_ANSWERS = "desk_answers", _("réponses affichées au comptoir")

    data = models.CharField(max_length=20, choices=Data, primary_key=True)
    days = models.PositiveIntegerField()
    since = models.CharField(max_length=200)  # what the days are counted from, as people read it
    source = models.CharField(max_length=200)  # where the duration comes from
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["data"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(days__gt=0), name="what_is_kept_is_kept_for_a_while")
        ]

    def __str__(self) -> str:
        return f"{self.data}: {self.days}"

    @classmethod
    def limit(cls, data: str, *, now: datetime) -> datetime:
        """Give the moment before which what ended is kept no longer."""
        rule = cls.objects.filter(data=data).first()
        return now - timedelta(days=rule.days if rule is not None else USUAL_DAYS[data])

    def keep_for(self, days: int, *, source: str, now: datetime) -> None:
        """Change the duration and say where it comes from."""
        self.days, self.source, self.changed_at = days, source, now
        self.save()


class RetentionRun(models.Model):
    """What one night removed of one kind: how many, never what."""

    data = models.CharField(max_length=20, choices=RetentionRule.Data)
    at = models.DateTimeField()
    removed = models.PositiveIntegerField()


class Erasure(models.Model):
    """That a person was erased, when and why; `number` was the row's, so that a restored backup forgets again."""

    class Because(models.TextChoices):
        ASKED = "asked", _("demandé par la personne")
        INACTIVE = "inactive", _("compte sans activité")

    number = models.BigIntegerField()
    at = models.DateTimeField()
    because = models.CharField(max_length=10, choices=Because)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.because}"
