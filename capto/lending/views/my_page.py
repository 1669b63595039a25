"""One's own page: loans, holds with their rank, groups, training, what is known of oneself."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capto.lending.forms import DetailsForm, GroupForm
from capto.lending.manage import sections_of
from capto.lending.models import Act, Hold, Loan
from capto.lending.ranking import place_of
from capto.lending.sent_once import sent_once
from capto.members.communes import named
from capto.members.forms import LinkForm
from capto.members.models import Attempt, BorrowerGroup, Person
from capto.members.models.attempt import TooManyAttempts
from capto.members.new_address import confirm, send_confirmation
from capto.members.roles import Capability
from capto.training.models import BorrowingRight, Enrolment

SPEAKING = (  # who writes or signs public messages
    Capability.PUBLISH_MESSAGES,
    Capability.SIGN_AS_EXPERT,
    Capability.SIGN_AS_MEDIATOR,
    Capability.SIGN_AS_AUTHORITY,
)


@login_required
def my_page(request: HttpRequest) -> HttpResponse:
    """Show what a person has, waits for and may do."""
    person = cast(Person, request.user)
    now = timezone.now()
    holds = (
        Hold.objects.running()
        .filter(person=person)
        .select_related("kit_model", "kit", "point__organisation", "group", "person")
        .order_by("starts_on")
    )
    loans = Loan.objects.filter(person=person).exclude(state=Loan.State.CANCELLED)
    context: dict[str, Any] = {
        "roles": person.running_roles(),
        "desk": person.can(Capability.LEND),
        "manages": bool(sections_of(person)) or person.can(Capability.SERVE_ON_BEHALF),
        "answers": person.can(Capability.ANSWER_QUESTIONS),
        "metrology": person.can(Capability.CALIBRATE),
        "announces": person.can(Capability.ANNOUNCE_EPISODES),
        "campaigns": person.can(Capability.MANAGE_CAMPAIGNS),
        "speaks": any(person.can(c) for c in SPEAKING),
        "holds": [(hold, place_of(hold, now=now) if hold.kit is None else None) for hold in holds],
        "open_loans": loans.open().select_related("kit__model", "point", "group").order_by("due_on"),
        "past_loans": loans.exclude(state=Loan.State.OPEN)
        .select_related("kit__model")
        .order_by("-lent_at")[:30],
        "groups": BorrowerGroup.objects.filter(responsible=person, is_active=True),
        "rights": BorrowingRight.objects.valid(now=now).filter(person=person).select_related("course"),
        "enrolments": Enrolment.objects.filter(person=person, session__starts_at__gt=now)
        .running()
        .select_related("session__course", "session__point"),
    }
    return render(request, "lending/my_page.html", context)


@login_required
@sent_once(Act.Kind.PERSON)
def details(request: HttpRequest) -> HttpResponse:
    """Let a person correct what is known of them."""
    person = cast(Person, request.user)
    initial = {
        "name": person.name,
        "phone": person.phone,
        "postal_address": person.postal_address,
        "commune": named(person.territory) if person.territory else "",
        "language": person.language,
        "only_loan_messages": person.only_loan_messages,
    }
    form = DetailsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        person.correct(territory=told.pop("commune"), **told)
        messages.success(request, _("C’est noté."))
        return redirect("my-page")
    return render(request, "lending/details.html", {"form": form, "title": _("Ce que nous savons de vous")})


@require_POST
@login_required
@sent_once(Act.Kind.PERSON)
def only_loan_messages(request: HttpRequest) -> HttpResponse:
    """Stop, or let come again, every message that is not about an own loan, by one press."""
    person = cast(Person, request.user)
    if request.POST.get("only") == "yes":
        person.want_only_loan_messages()
        messages.success(request, _("C’est fait : nous ne vous écrirons plus qu’à propos de vos prêts."))
    else:
        person.correct(only_loan_messages=False)
        messages.success(request, _("C’est noté : invitations et nouvelles reviendront, peu souvent."))
    return redirect("my-page")


@login_required
@sent_once(Act.Kind.GROUP)
def new_group(request: HttpRequest) -> HttpResponse:
    """Let a responsible adult borrow for a class, a firm or an association."""
    person = cast(Person, request.user)
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        if BorrowerGroup.objects.filter(responsible=person, name=told["name"]).exists():
            form.add_error("name", _("Vous avez déjà un groupe de ce nom."))
        else:
            BorrowerGroup.objects.create(
                responsible=person,
                name=told["name"],
                category=told["category"],
                size=told["size"],
                territory=told["commune"],
                is_simulated=person.is_simulated,
            )
            return redirect("my-page")
    return render(request, "lending/details.html", {"form": form, "title": _("Emprunter pour un groupe")})


@login_required
@sent_once(Act.Kind.GROUP)
def edit_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a responsible adult correct the group, or say that it borrows no more."""
    person = cast(Person, request.user)
    group = get_object_or_404(BorrowerGroup, pk=pk, responsible=person, is_active=True)
    if request.method == "POST" and request.POST.get("end") == "1":
        group.close()
        messages.success(request, _("Ce groupe n’emprunte plus. Ses prêts en cours restent à rendre."))
        return redirect("my-page")
    initial = {
        "name": group.name,
        "category": group.category,
        "size": group.size,
        "commune": named(group.territory) if group.territory else "",
    }
    form = GroupForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        others = BorrowerGroup.objects.filter(responsible=person, name=told["name"]).exclude(pk=pk)
        if others.exists():
            form.add_error("name", _("Vous avez déjà un groupe de ce nom."))
        else:
            group.correct(territory=told.pop("commune"), **told)
            messages.success(request, _("C’est noté."))
            return redirect("my-page")
    quiet = {"name": "end", "label": _("Ce groupe n’emprunte plus")}
    context = {"form": form, "title": group.name, "quiet": quiet}
    return render(request, "lending/details.html", context)


@login_required
@sent_once(Act.Kind.PERSON)
def new_address(request: HttpRequest) -> HttpResponse:
    """Change one's e-mail address; the answer is the same whether or not another account has it."""
    person, now = cast(Person, request.user), timezone.now()
    form = LinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            Attempt.note("link", email, now=now)
            Attempt.note("link_address", str(request.META.get("REMOTE_ADDR", "")), now=now)
        except TooManyAttempts:
            form.add_error(None, _("Trop d’essais de suite. Attendez un quart d’heure, puis recommencez."))
        else:
            if not Person.objects.filter(email__iexact=email).exists():
                send_confirmation(person, email=email, now=now)
            messages.success(request, _("Un lien est parti à cette adresse : ouvrez-le pour confirmer."))
            return redirect("my-page")
    return render(request, "lending/details.html", {"form": form, "title": _("Changer d’adresse e-mail")})


@login_required
@sent_once(Act.Kind.PERSON)
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Take the new address; a press is asked for, because mail scanners follow links by themselves."""
    if request.method != "POST":
        return render(request, "lending/confirm_address.html")
    if confirm(token, person=cast(Person, request.user), now=timezone.now()):
        messages.success(request, _("C’est fait : nous vous écrivons désormais à cette adresse."))
    else:
        messages.error(request, _("Ce lien ne sert plus. Demandez-en un autre."))
    return redirect("my-page")


@login_required
def password(request: HttpRequest) -> HttpResponse:
    """Set a password, for who came by a link."""
    person = cast(Person, request.user)
    form = SetPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, person)
        messages.success(request, _("Le mot de passe est changé."))
        return redirect("my-page")
    return render(request, "lending/details.html", {"form": form, "title": _("Choisir un mot de passe")})
