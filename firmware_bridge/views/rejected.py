"""Messages that became no reading, by reason: read, explained, and read again once the cause is mended."""

from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from capto.catalogue.models import ObservedProperty
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.models import Person
from capto.members.roles import Capability
from capto.readings.models import RejectedMessage
from firmware_bridge.format_names import FORMAT_NAMES, format_name, reason_of
from firmware_bridge.rejected_replay import replay_now
from firmware_bridge.unknown_devices import guesses, sample_of
from firmware_bridge.views.unknown import REPLAYED_AT_ONCE

PER_PAGE = 50


def visible_to(person: Person) -> QuerySet[RejectedMessage]:
    """List what waits of the sensors of a person's organisations, and what names no sensor yet."""
    owners = person.organisations_where(Capability.CLAIM_DEVICES)
    return RejectedMessage.objects.filter(Q(sensor=None) | Q(sensor__owner__in=owners), replayed_at=None)


@requires(Capability.CLAIM_DEVICES)
def rejected(request: HttpRequest) -> HttpResponse:
    """List the reasons with their counts, and the messages of the one that is chosen."""
    waiting = visible_to(cast(Person, request.user))
    chosen = request.GET.get("raison", "")
    device = request.GET.get("appareil", "")
    counts = waiting.values("reason").annotate(n=Count("pk"), last=Max("received_at")).order_by("-n")
    groups = [(row["reason"], reason_of(row["reason"]), row["n"], row["last"]) for row in counts]
    listed = waiting.order_by("-received_at", "-pk").select_related("sensor").defer("payload")
    if chosen:
        listed = listed.filter(reason=chosen)
    if device:
        listed = listed.filter(device_id=device)
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "groups": groups,
        "chosen": chosen,
        "device": device,
        "reason": reason_of(chosen) if chosen else None,
        "page": page,
        "lines": [(one, format_name(one.wire_format), reason_of(one.reason)) for one in page],
    }
    return render(request, "firmware_bridge/rejected.html", context)


@requires(Capability.CLAIM_DEVICES)
def rejected_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one message whole: as it came, why it was set aside, what it would say, what makes it right."""
    found = get_object_or_404(visible_to(cast(Person, request.user)).select_related("sensor"), pk=pk)
    context = {
        "message": found,
        "format": format_name(found.wire_format),
        "reason": reason_of(found.reason),
        "sample": sample_of(found, names={one.code: one for one in ObservedProperty.objects.all()}),
        "guesses": [FORMAT_NAMES[name] for name in guesses(found)[:3]],
    }
    return render(request, "firmware_bridge/rejected_message.html", context)


@require_POST
@requires(Capability.CLAIM_DEVICES)
def replay_rejected(request: HttpRequest) -> HttpResponse:
    """Read again one message, or all of a reason and a device."""
    waiting = visible_to(cast(Person, request.user))
    reason, device = request.POST.get("reason", ""), request.POST.get("device", "")
    asked: dict[str, Any] = {}
    if "message" in request.POST:
        asked["keys"] = [chosen_or_404(waiting, request.POST["message"]).pk]
    else:
        # By their keys, so that nobody replays another association's messages.
        some = waiting.filter(reason=reason) if reason else waiting
        some = some.filter(device_id=device) if device else some
        asked["keys"] = list(some.order_by("pk").values_list("pk", flat=True))
    back = reverse("rejected-messages") + (f"?raison={reason}" if reason else "")
    if len(asked["keys"]) > REPLAYED_AT_ONCE:
        async_task("firmware_bridge.rejected_replay.replay_now", **asked)
        messages.success(request, _("%d messages sont relus en ce moment.") % len(asked["keys"]))
        return redirect(back)
    mended, refused = map(int, replay_now(**asked).split())
    said = _("Devenus des mesures : %(mended)d. Encore refusés : %(refused)d.")
    level = messages.SUCCESS if mended else messages.WARNING
    messages.add_message(request, level, said % {"mended": mended, "refused": refused})
    return redirect(back)
