"""The pages of who writes, signs and publishes messages."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.members.access import requires, second_factor_is_given
from capto.members.chosen import chosen_or_404
from capto.members.markdown import rendered
from capto.members.models import Organisation, Person
from capto.members.roles import Capability, roles_with
from dashboards.messages import contradictions
from dashboards.messages.forms import MessageForm, ReasonForm
from dashboards.messages.models import (
    HeldBack,
    NoRule,
    NotApproved,
    OtherReading,
    PublicMessage,
    SignatureMissing,
    SignedAs,
    WrongState,
)
from dashboards.messages.models.message import SIGNED_BY

S = PublicMessage.State
WRITE = Capability.PUBLISH_MESSAGES


def _takes_part(request: HttpRequest) -> bool:
    person = request.user
    return isinstance(person, Person) and (
        person.can(WRITE) or any(person.can(capability) for capability in SIGNED_BY.values())
    )


def _guarded(request: HttpRequest) -> HttpResponse | None:
    """Let in who writes or signs, with the second factor."""
    if not request.user.is_authenticated:
        return redirect(f"/connexion/?next={request.path}")
    if not _takes_part(request):
        raise PermissionDenied(_("Cette page demande un rôle que votre compte n’a pas."))
    if not second_factor_is_given(request):
        return redirect(f"/connexion/code/?next={request.path}")
    return None


def all_messages(request: HttpRequest) -> HttpResponse:
    """List the messages in the works, to sign and out."""
    if (answer := _guarded(request)) is not None:
        return answer
    rows = PublicMessage.objects.select_related("zone", "organisation").order_by("state", "-pk")[:200]
    return render(
        request,
        "public_messages/staff/messages.html",
        {"rows": rows, "may_write": _person(request).can(WRITE)},
    )


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@requires(WRITE)
def write(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """Write a draft, or go on with it."""
    person = cast(Person, request.user)
    found = get_object_or_404(PublicMessage, pk=pk, state=S.DRAFT) if pk else None
    if found is not None and not person.can(WRITE, within=found.organisation):
        raise PermissionDenied(_("Ce message est celui d’une autre organisation."))
    form = MessageForm(request.POST or None, instance=found, by=person, now=timezone.now())
    if request.method == "POST" and form.is_valid():
        if found is None:
            form.instance.author = person
        return redirect("staff-message", form.save().pk)
    return render(request, "public_messages/staff/write.html", {"form": form})


def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Read, check, sign, explain, publish one message."""
    if (answer := _guarded(request)) is not None:
        return answer
    found = get_object_or_404(PublicMessage.objects.select_related("organisation", "zone", "author"), pk=pk)
    now = timezone.now()
    if request.method == "POST":
        _act(request, found)
        return redirect("staff-message", pk)
    try:
        missing = [SignedAs(quality) for quality in found.missing_signatures(now=now)]
    except NoRule:
        missing = []
    return render(
        request,
        "public_messages/staff/message.html",
        {
            "message": found,
            "body": rendered(found.body),
            "missing": missing,
            "signatures": found.signatures.filter(voided_at=None).select_related("person", "organisation"),
            "contradictions": contradictions.find(found) if found.state in (S.DRAFT, S.CHECKS) else [],
            "official": found.official(),
            "steps": found.steps.select_related("by"),
            "reason_form": ReasonForm(),
            "is_mine": _person(request).can(WRITE, within=found.organisation),
            "qualities": _qualities(request),
        },
    )


def _qualities(request: HttpRequest) -> list[tuple[str, str, Organisation]]:
    """List in which qualities and for whom this person may sign: (value, words, organisation)."""
    roles = list(cast(Person, request.user).running_roles())
    return [
        (f"{quality}:{role.organisation_id}", f"{quality.label}, {role.organisation}", role.organisation)
        for quality in SignedAs
        for role in roles
        if role.role in roles_with(SIGNED_BY[quality])
    ]


def _act(request: HttpRequest, found: PublicMessage) -> None:
    person, now = cast(Person, request.user), timezone.now()
    act, words = request.POST.get("act", ""), request.POST.get("words", "").strip()
    if act != "sign" and not person.can(WRITE, within=found.organisation):
        raise PermissionDenied(_("Ce message est celui d’une autre organisation."))
    try:
        if act == "submit":
            found.submit(by=person, now=now)
        elif act == "send-back":
            found.send_back(by=person, now=now, because=words)
        elif act == "sign":
            quality, _colon, organisation = request.POST.get("quality", "").partition(":")
            found.sign(
                by=person, signed_as=quality, organisation=chosen_or_404(Organisation, organisation), now=now
            )
        elif act == "explain" and words:
            found.explain(words, by=person, now=now)
        elif act == "publish":
            found.publish(by=person, now=now)
            messages.success(request, _("Le message est publié."))
        elif act == "archive":
            found.archive(by=person, now=now, because=words)
    except WrongState:
        messages.error(request, _("Le message n’est plus dans l’état où cela se peut."))
    except NoRule:
        messages.error(request, _("Aucune règle n’est en vigueur pour cette nature de message."))
    except SignatureMissing as error:
        names = ", ".join(str(SignedAs(quality).label) for quality in error.missing)
        messages.error(request, _("Il manque une signature : %(names)s.") % {"names": names})
    except NotApproved:
        messages.error(request, _("Ce message ne peut dire que des phrases approuvées."))
    except HeldBack as error:
        told = " ".join(one.sentence for one in error.found)
        messages.error(
            request, _("Le message est retenu : %(told)s Expliquez l’écart pour publier.") % {"told": told}
        )
    except (PermissionError, ValueError, Organisation.DoesNotExist):
        messages.error(request, _("Vous ne pouvez pas signer dans cette qualité."))


@requires(WRITE)
def answer_reading(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer another reading beneath it."""
    found = get_object_or_404(OtherReading.objects.select_related("message", "episode"), pk=pk)
    person = cast(Person, request.user)
    form = ReasonForm(request.POST or None)
    organisation = person.organisations_where(WRITE).first()
    if request.method == "POST" and form.is_valid() and organisation is not None:
        found.answer(form.cleaned_data["words"], by=person, organisation=organisation, now=timezone.now())
        return (
            redirect("public-message", found.message_id)
            if found.message_id
            else redirect("episode", found.episode_id)
        )
    return render(request, "public_messages/staff/answer.html", {"form": form, "reading": found})
