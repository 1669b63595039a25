from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import Kit, LendingPoint
from capto.members.models import Person

UNDO_WITHIN = timedelta(minutes=5)


class Act(models.Model):
    """One thing that someone did: at the desk, on a page, by a command. Never changed but for being undone.

    `key` comes from the client and is unique: the same request sent twice is one act, with one answer.
    """

    class Kind(models.TextChoices):
        SCAN = "scan", _("scan")  # a scan that changed nothing, or was refused
        LEND = "lend", _("prêt")
        RETURN = "return", _("retour")
        PARTS = "parts", _("pièces comptées")
        RENEW = "renew", _("prolongation")
        SWAP = "swap", _("échange")
        LOSE = "lose", _("perte")
        PROBLEM = "problem", _("problème signalé")
        HOLD = "hold", _("réservation")
        CANCEL_HOLD = "cancel_hold", _("réservation annulée")
        CHARTER = "charter", _("charte signée")
        GRANT = "grant", _("droit donné")
        POST = "post", _("envoi")
        PAUSE = "pause", _("pause des mesures")
        UNDO = "undo", _("annulation")
        TRANSFER = "transfer", _("transfert")
        STATE = "state", _("état du kit")
        TICKET = "ticket", _("ticket d’entretien")
        UPKEEP = "upkeep", _("entretien fait")
        COST = "cost", _("dépense")
        CLOSURE = "closure", _("fermeture d’un point")
        POINT = "point", _("point de prêt")
        NOTE = "note", _("note")
        QUESTION = "question", _("question ou réponse")
        PLACE = "place", _("place du capteur")
        COLLECTOR = "collector", _("personne venue chercher")
        KIT = "kit", _("nouveau kit")
        IMPORT = "import", _("import de kits")
        PERSON = "person", _("compte")
        GROUP = "group", _("groupe")
        RULE = "rule", _("règle ou liste")
        LETTER = "letter", _("message ou courrier")

    class Entry(models.TextChoices):
        DESK = "desk", _("comptoir")
        PAGE = "page", _("page")
        API = "api", _("API")
        COMMAND = "command", _("commande")
        TASK = "task", _("tâche")

    key = models.UUIDField(unique=True, null=True, blank=True)
    request = models.CharField(max_length=64, blank=True)  # hash of what was asked, where a program asks
    kind = models.CharField(max_length=12, choices=Kind)
    entry = models.CharField(max_length=8, choices=Entry)
    at = models.DateTimeField()  # when it happened; an offline desk tells later
    noted_at = models.DateTimeField()
    by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="acts")
    point = models.ForeignKey(LendingPoint, models.PROTECT, null=True, blank=True, related_name="acts")
    kit = models.ForeignKey(Kit, models.PROTECT, null=True, blank=True, related_name="acts")
    loan = models.ForeignKey("lending.Loan", models.PROTECT, null=True, blank=True, related_name="acts")
    hold = models.ForeignKey("lending.Hold", models.PROTECT, null=True, blank=True, related_name="acts")
    person = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    overridden = models.CharField(max_length=200, blank=True)  # names of the refusals that were waived
    reason = models.CharField(max_length=300, blank=True)
    refused = models.CharField(max_length=40, blank=True)  # name of the refusal that was answered
    memory = models.JSONField(default=dict, blank=True)  # what undoing needs
    answer = models.JSONField(default=dict, blank=True)  # what the desk was told, told again to the same key
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(overridden="") | ~models.Q(reason=""), name="an_override_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["point", "-noted_at"]),
            models.Index(fields=["loan", "at"]),
            models.Index(fields=["kit", "-noted_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"

    @classmethod
    def note(
        cls,
        act: "Act | None",
        kind: "Act.Kind",
        *,
        now: datetime,
        entry: str,
        memory: Any = None,
        **facts: Any,
    ) -> "Act":
        """Note what was done, in a new act, or in the one that the desk opened for this request and saves itself.

        `facts` are fields of an act; one on a `loan` is on its kit and its person where they name no others.
        """
        if (loan := facts.get("loan")) is not None:
            facts = {"kit": loan.kit, "person": loan.person, **facts}
        is_new = act is None
        if act is None:
            act = cls(at=now, noted_at=now, entry=entry)
        act.kind = kind
        if memory is not None:
            act.memory = memory
        for name, value in facts.items():
            setattr(act, name, value)
        if is_new:
            act.save()
        return act

    def can_be_undone(self, *, now: datetime) -> bool:
        """True for the last minutes' loans and returns that stand."""
        return (
            self.kind in (self.Kind.LEND, self.Kind.RETURN)
            and self.undone_at is None
            and not self.refused
            and now - self.noted_at <= UNDO_WITHIN
        )
