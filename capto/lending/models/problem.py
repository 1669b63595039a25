from datetime import datetime

from django.core.files.base import ContentFile
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import Kit, UpkeepTicket
from capto.lending.models.act import Act
from capto.lending.models.loan import Loan
from capto.members.models import Person


class Problem(models.Model):
    """A problem that someone reports of a kit, tied to the loan during which it was seen and to its ticket."""

    class Kind(models.TextChoices):
        SILENT = "silent", _("ne mesure plus")
        DAMAGED = "damaged", _("abîmé")
        INCOMPLETE = "incomplete", _("incomplet")
        OTHER = "other", _("autre")

    BLOCKING = (Kind.SILENT, Kind.DAMAGED)

    kit = models.ForeignKey(Kit, models.PROTECT, related_name="problems")
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, blank=True, related_name="problems")
    ticket = models.OneToOneField(UpkeepTicket, models.PROTECT, related_name="problem")
    kind = models.CharField(max_length=12, choices=Kind)
    reported_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    reported_at = models.DateTimeField()

    @classmethod
    @transaction.atomic
    def report(
        cls,
        kit: Kit,
        *,
        kind: str,
        text: str,
        now: datetime,
        by: Person | None = None,
        photo: "ContentFile[bytes] | None" = None,
        entry: str = "page",
        act: Act | None = None,
    ) -> "Problem":
        """Report a problem: opens a ticket, which keeps the kit from its next loan where it must be mended first."""
        loan = Loan.objects.open().filter(kit=kit).first()
        ticket = UpkeepTicket(
            kit=kit,
            what=text or str(cls.Kind(kind).label),
            blocks_lending=kind in cls.BLOCKING,
            opened_at=now,
            opened_by=by,
        )
        if photo is not None:
            ticket.photo.save(f"{kit.code}.jpg", photo, save=False)
        ticket.save()
        problem = cls.objects.create(
            kit=kit, loan=loan, ticket=ticket, kind=kind, reported_by=by, reported_at=now
        )
        Act.note(
            act,
            Act.Kind.PROBLEM,
            now=now,
            entry=entry,
            kit=kit,
            loan=loan,
            by=by,
            reason=ticket.what[:300],
        )
        return problem
