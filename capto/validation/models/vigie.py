from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import UpkeepTicket
from capto.readings.models import Placement, Series
from capto.validation.models.context import PlaceContext
from capto.validation.models.set_aside import NoReason, SetAside

if TYPE_CHECKING:
    from capto.members.models import Person


class AlreadyActedOn(Exception):
    """Someone ended this item meanwhile."""


class NotAnActOfThisItem(ValueError):
    """Each kind of item has its three acts."""


class VigieItemQuerySet(models.QuerySet["VigieItem"]):
    def open(self) -> Self:
        """Give what waits for someone, the gravest first, and of these the newest."""
        return self.filter(closed_at__isnull=True).order_by("-gravity", "-opened_at", "-pk")

    def of_staff(self, organisations: "models.QuerySet[Any]") -> Self:
        """Give those of sensors that belong to some organisations."""
        return self.filter(placement__sensor__owner__in=organisations)


class VigieItem(models.Model):
    """Something that a watch found at a placement: open until a person ends it by an act, which is kept.

    `begins_at` and `ends_at` are of what was found; while it lasts, each watch moves `ends_at` on. `found` are the
    figures of the finding.
    """

    class Kind(models.TextChoices):
        SILENT = "silent", _("silencieux")
        DRIFTING = "drifting", _("en dérive")
        CLUSTER = "cluster", _("valeurs anormales groupées")
        CONTRADICTION = "contradiction", _("contredit la station")

    class Act(models.TextChoices):
        WORKSHOP = "workshop", _("envoyer à l’atelier")
        SET_ASIDE = "set_aside", _("écarter ces heures")
        EXPLAIN = "explain", _("expliquer par le contexte du lieu")
        DISMISS = "dismiss", _("classer sans suite")

    ACTS: Final = {
        Kind.SILENT: (Act.WORKSHOP, Act.EXPLAIN, Act.DISMISS),
        Kind.DRIFTING: (Act.WORKSHOP, Act.SET_ASIDE, Act.DISMISS),
        Kind.CLUSTER: (Act.SET_ASIDE, Act.EXPLAIN, Act.DISMISS),
        Kind.CONTRADICTION: (Act.SET_ASIDE, Act.EXPLAIN, Act.DISMISS),
    }

    kind = models.CharField(max_length=14, choices=Kind)
    placement = models.ForeignKey(Placement, models.PROTECT, related_name="vigie")
    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="vigie")
    gravity = models.PositiveSmallIntegerField()  # 1 to look at, 2 to act on, 3 the value misleads now
    opened_at = models.DateTimeField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    found = models.JSONField(default=dict)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    closed_by_name = models.CharField(max_length=200, blank=True)
    act = models.CharField(max_length=10, choices=Act, blank=True)
    reason = models.TextField(blank=True)
    set_aside = models.ForeignKey(SetAside, models.PROTECT, null=True, blank=True, related_name="+")
    context = models.ForeignKey(PlaceContext, models.PROTECT, null=True, blank=True, related_name="+")
    ticket = models.ForeignKey(UpkeepTicket, models.PROTECT, null=True, blank=True, related_name="+")

    objects = VigieItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, act="")
                | Q(closed_at__isnull=False) & ~Q(act="") & ~Q(reason=""),
                name="a_vigie_item_ends_in_an_act_with_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("begins_at")), name="what_was_found_has_a_period"
            ),
            models.UniqueConstraint(
                fields=["kind", "placement", "series"],
                condition=Q(closed_at__isnull=True),
                nulls_distinct=False,
                name="one_open_vigie_item_per_finding",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-gravity", "-opened_at"], condition=Q(closed_at__isnull=True), name="vigie_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.placement}"

    @property
    def acts(self) -> "tuple[VigieItem.Act, ...]":
        """The three acts that can end the item."""
        return self.ACTS[self.Kind(self.kind)]

    @classmethod
    def note(
        cls,
        kind: "VigieItem.Kind",
        *,
        placement: Placement,
        series_id: int | None = None,
        gravity: int,
        begins_at: datetime,
        ends_at: datetime,
        found: Mapping[str, Any],
        now: datetime,
    ) -> "VigieItem | None":
        """Open an item, or move the open one of the same finding on; None where a person ended the same before.

        What a person ended opens again only for what begins after the end that they saw.
        """
        item = cls.objects.filter(kind=kind, placement=placement, series=series_id, closed_at=None).first()
        if item is not None:
            item.ends_at, item.gravity, item.found = max(ends_at, item.ends_at), gravity, dict(found)
            item.save(update_fields=["ends_at", "gravity", "found"])
            return item
        before = (
            cls.objects.filter(kind=kind, placement=placement, series=series_id, closed_at__isnull=False)
            .order_by("-closed_at")
            .first()
        )
        if before is not None and begins_at < before.ends_at:
            return None
        return cls.objects.create(
            kind=kind,
            placement=placement,
            series_id=series_id,
            gravity=gravity,
            opened_at=now,
            begins_at=begins_at,
            ends_at=ends_at,
            found=dict(found),
        )

    def end(
        self, act: "VigieItem.Act", *, reason: str, now: datetime, by: "Person", context_kind: str = ""
    ) -> None:
        """End the item by one of its acts, with the reason. `recompute.after_doubt` then publishes hours set aside.

        Raises NoReason, NotAnActOfThisItem and AlreadyActedOn.
        """
        if not reason.strip():
            raise NoReason("say why")
        if act not in self.acts:
            raise NotAnActOfThisItem(f"{act} does not end an item of kind {self.kind}")
        with transaction.atomic():
            current = VigieItem.objects.select_for_update(of=("self",), no_key=True).get(pk=self.pk)
            if current.closed_at is not None:
                raise AlreadyActedOn(str(self))
            self._do(act, reason=reason.strip(), now=now, by=by, context_kind=context_kind)
            self.closed_at, self.closed_by, self.closed_by_name = now, by, by.name
            self.act, self.reason = act, reason.strip()
            self.save(
                update_fields=[
                    "closed_at", "closed_by", "closed_by_name", "act", "reason", "set_aside", "context", "ticket",
                ]
            )  # fmt: skip

    def _do(
        self, act: "VigieItem.Act", *, reason: str, now: datetime, by: "Person", context_kind: str
    ) -> None:
        if act == self.Act.WORKSHOP:
            self.ticket = UpkeepTicket.send_to_workshop(self.placement.sensor, what=reason, now=now, by=by)
        elif act == self.Act.SET_ASIDE:
            if self.series is None:
                raise NotAnActOfThisItem("no hours belong to this item")
            self.set_aside = SetAside.put(
                self.series, starts_at=self.begins_at, ends_at=self.ends_at, reason=reason, now=now, by=by
            )
        elif act == self.Act.EXPLAIN:
            self.context = PlaceContext.tell(
                place=self.placement.place,
                kind=context_kind or PlaceContext.Kind.OTHER,
                source=PlaceContext.Source.STAFF,
                starts_at=self.begins_at,
                ends_at=self.ends_at if self.ends_at > self.begins_at else now,
                note=reason,
                now=now,
                by=by,
            )
