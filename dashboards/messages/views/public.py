"""Public messages for everyone: the list, one with its log, the rules; and the other readings of the data."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.charts.scales import PARIS
from capto.members.markdown import rendered
from capto.members.models import Person
from dashboards.episodes.models import Episode
from dashboards.messages.forms import ReadingForm
from dashboards.messages.models import (
    ApprovedSentence,
    CharterNotSigned,
    MessageRule,
    OtherReading,
    PublicMessage,
)

S = PublicMessage.State


def public_messages(request: HttpRequest) -> HttpResponse:
    """List the published messages, those of today first, then the archive."""
    today = timezone.now().astimezone(PARIS).date()
    rows = PublicMessage.objects.select_related("zone", "organisation").prefetch_related("sentences")
    return render(
        request,
        "public_messages/messages.html",
        {
            "live": rows.live(on=today),
            "other": rows.filter(state__in=[S.PUBLISHED, S.ARCHIVED]).exclude(
                state=S.PUBLISHED, first_day__lte=today, last_day__gte=today
            )[:100],
        },
    )


def public_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a message beside the official information, with its public log and the readings attached to it."""
    found = get_object_or_404(
        PublicMessage.objects.select_related("zone", "organisation", "author", "rule").prefetch_related(
            "sentences"
        ),
        pk=pk,
        state__in=[S.PUBLISHED, S.ARCHIVED],
    )
    return render(
        request,
        "public_messages/message.html",
        {
            "message": found,
            "body": rendered(found.body),
            "official": found.official(),
            "signatures": found.signatures.filter(voided_at=None).select_related("person", "organisation"),
            "steps": found.steps.select_related("by"),
            "readings": found.readings.select_related("organisation", "group").prefetch_related(
                "answers__organisation"
            ),
        },
    )


def rules(request: HttpRequest) -> HttpResponse:
    """Show every version of the rules of signature, and the approved sentences."""
    now = timezone.now()
    return render(
        request,
        "public_messages/rules.html",
        {"rules": MessageRule.objects.all(), "sentences": ApprovedSentence.objects.all(), "now": now},
    )


@login_required
def read_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Attach another reading to a message."""
    found = get_object_or_404(PublicMessage, pk=pk, state__in=[S.PUBLISHED, S.ARCHIVED])
    return _attach(request, found)


@login_required
def read_episode(request: HttpRequest, pk: int) -> HttpResponse:
    """Attach another reading to an episode."""
    return _attach(request, get_object_or_404(Episode, pk=pk))


def _attach(request: HttpRequest, to: PublicMessage | Episode) -> HttpResponse:
    person = cast(Person, request.user)
    form = ReadingForm(request.POST or None, by=person)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            OtherReading.attach(
                to, by=person, of=form.speaker(), title=told["title"], text=told["text"],
                data_url=told["data_url"], now=timezone.now(),
            )  # fmt: skip
        except CharterNotSigned:
            form.add_error(None, _("Il faut d’abord avoir signé la charte en vigueur, depuis votre page."))
        else:
            messages.success(
                request, _("Votre lecture est publiée. On peut y répondre, personne ne peut l’effacer.")
            )
            return redirect("public-message" if isinstance(to, PublicMessage) else "episode", to.pk)
    return render(request, "public_messages/attach.html", {"form": form, "to": to})
