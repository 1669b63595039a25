"""What is no longer published: a public list with motives, the answer at an old address, and the staff's page."""

import re
from typing import cast

from django import forms
from django.contrib import messages
from django.db.models import Max, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capto.members.access import requires
from capto.members.models import Person, StaffRole
from capto.members.roles import Capability, roles_with
from capto.readings.models import Placement
from dashboards.kept import kept
from dashboards.models import NothingToWithdraw, PublishedHour, PublishedSeries, Withdrawal
from dashboards.open_data.answers import plain
from dashboards.words import full_day_of

ADDRESS = re.compile(r"(?:.*/(?:lieu|integrer)/)?([0-9a-z]{4,20})(?:/.*)?")


class WithdrawalForm(forms.Form):
    """Which place, and why: the motive is what the public reads at its address."""

    place = forms.CharField(
        label=gettext_lazy("Adresse de la page du lieu, ou son identifiant"), max_length=300
    )
    reason = forms.CharField(
        label=gettext_lazy("Motif, tel que le public le lira"),
        help_text=gettext_lazy("Sans nom ni adresse de personne : ce texte reste public."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
    )

    def clean_place(self) -> str:
        found = ADDRESS.fullmatch(str(self.cleaned_data["place"]).strip())
        if found is None:
            raise forms.ValidationError(_("Collez l’adresse de la page du lieu, ou ses douze signes."))
        return found.group(1)


@requires(Capability.FLAG_DATA)
def withdrawals(request: HttpRequest) -> HttpResponse:
    """Unpublish a place in two steps: what would leave is shown first; nothing is erased."""
    person, now = cast(Person, request.user), timezone.now()
    form = WithdrawalForm(request.POST or None, initial={"place": request.GET.get("lieu", "")})
    context: dict[str, object] = {"form": form, "done": Withdrawal.objects.order_by("-at")}
    if request.method == "POST" and form.is_valid():
        public_id, reason = form.cleaned_data["place"], form.cleaned_data["reason"]
        author = _author(person, public_id)
        if author is None:
            form.add_error("place", _("Aucun lieu publié de votre association ne porte cet identifiant."))
        elif "confirm" in request.POST:
            try:
                Withdrawal.objects.withdraw(public_id, reason=reason, author=author, now=now)
            except NothingToWithdraw:
                form.add_error("place", _("Ce lieu n’est plus publié : il a été retiré entre-temps."))
            else:
                messages.success(request, _("Le lieu est retiré ; son adresse dit pourquoi, qui et quand."))
                return redirect("staff-withdrawals")
        else:
            context |= {"shown": _what_leaves(public_id), "author": author}
    return render(request, "dashboards/staff_withdrawals.html", context)


def _author(person: Person, public_id: str) -> str | None:
    """Name the role by which a person may withdraw a place, or None: its sensor belongs to one of their houses."""
    mine = person.organisations_where(Capability.FLAG_DATA)
    placement = (
        Placement.objects.filter(public_id=public_id, sensor__owner__in=mine)
        .select_related("sensor__owner")
        .first()
    )
    if placement is None or not PublishedSeries.objects.of_place(public_id).exists():
        return None
    owner = placement.sensor.owner
    role = StaffRole.objects.filter(
        person=person, organisation=owner, ends_at=None, role__in=roles_with(Capability.FLAG_DATA)
    ).first()
    return f"{role.get_role_display()}, {owner.name}" if role else owner.name


def _what_leaves(public_id: str) -> dict[str, object]:
    """Count what the pages, files and interfaces would say no more."""
    place = PublishedSeries.objects.of_place(public_id).order_by("-public_from").first()
    hours = PublishedHour.objects.filter(public_id=public_id).aggregate(first=Min("hour"), last=Max("hour"))
    return {
        "place": place,
        "n": PublishedHour.objects.filter(public_id=public_id).count(),
        **hours,
    }


@kept
def withdrawn_places(request: HttpRequest) -> HttpResponse:
    """List what is no longer published, with motive, author and date."""
    return render(
        request, "dashboards/withdrawn_places.html", {"withdrawals": Withdrawal.objects.order_by("-at")}
    )


def gone_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer at the address of a withdrawn place with why, who and when (410). Raises Http404 for any other."""
    gone = _gone(public_id)
    return render(request, "dashboards/withdrawn.html", {"gone": gone}, status=410)


def gone_file(public_id: str) -> HttpResponse:
    """Say the same in one line, to software. Raises Http404 where nothing was withdrawn."""
    gone = _gone(public_id)
    sentence = _(
        "Ce lieu n’est plus publié depuis le %(day)s. Motif : %(reason)s. Décidé par : %(author)s."
    ) % {
        "day": full_day_of(gone.at),
        "reason": " ".join(gone.reason.split()).rstrip("."),
        "author": gone.author,
    }
    return plain(sentence, status=410)


def _gone(public_id: str) -> Withdrawal:
    gone = Withdrawal.objects.of(public_id)
    if gone is None:
        raise Http404
    return gone
