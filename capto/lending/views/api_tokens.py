"""The keys of programs: issued to someone of the team, shown once, revoked at once."""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.lending.models import Act
from capto.lending.once import Answer
from capto.lending.sent_once import done_once, sent_once
from capto.members.access import requires
from capto.members.models import ApiToken, Organisation, Person, StaffRole
from capto.members.roles import Capability

DAYS = 365  # a program's key is renewed each year, unless told otherwise


class TokenForm(forms.Form):
    """Whose roles a program acts with, where, how far, and until when."""

    name = forms.CharField(
        label=gettext_lazy("Programme"),
        max_length=100,
        help_text=gettext_lazy("Ce qui reconnaîtra cette clé dans la liste : borne de la médiathèque."),
    )
    organisation = forms.ModelChoiceField(
        label=gettext_lazy("Organisation"), queryset=Organisation.objects.none(), empty_label=None
    )
    person = forms.ModelChoiceField(
        label=gettext_lazy("Au nom de"),
        queryset=Person.objects.none(),
        help_text=gettext_lazy("Quelqu’un de l’équipe : la clé ne permet rien que son rôle ne permette."),
    )
    scope = forms.MultipleChoiceField(
        label=gettext_lazy("Ce qu’elle permet"),
        choices=ApiToken.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(
        label=gettext_lazy("Valable, en jours"), min_value=1, max_value=2 * DAYS, initial=DAYS
    )

    def __init__(self, data: object, *, by: Person) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        own = by.organisations_where(Capability.MANAGE_STAFF).order_by("name")
        team = Person.objects.filter(staff_roles__organisation__in=own, staff_roles__ends_at=None)
        cast(forms.ModelChoiceField, self.fields["organisation"]).queryset = own  # type: ignore[type-arg]
        cast(forms.ModelChoiceField, self.fields["person"]).queryset = (  # type: ignore[type-arg]
            team.filter(is_active=True).distinct().order_by("name")
        )

    def clean(self) -> None:
        """Tie the person to the organisation."""
        super().clean()
        told = self.cleaned_data
        if "person" in told and "organisation" in told:
            roles = StaffRole.objects.filter(person=told["person"], ends_at=None)
            if not roles.filter(organisation=told["organisation"]).exists():
                self.add_error("person", _("Cette personne n’est pas de cette équipe."))


@never_cache
@requires(Capability.MANAGE_STAFF)
def page(request: HttpRequest) -> HttpResponse:
    """List the keys of the own organisations and issue one; its text is on this one answer and nowhere else."""
    by, now = cast(Person, request.user), timezone.now()
    form = TokenForm(request.POST or None, by=by)
    text = ""
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        text = _issue(request, told, by=by, now=now)
        if not text:
            messages.warning(request, _("Cette clé a déjà été créée ; son texte n’est montré qu’une fois."))
        form = TokenForm(None, by=by)
    tokens = _tokens(by).select_related("person", "organisation", "issued_by").order_by("-issued_at")[:200]
    return render(
        request,
        "lending/manage/tokens.html",
        {
            "form": form,
            "text": text,
            "lines": [(token, _state(token, now), _allowed(token)) for token in tokens],
        },
    )


def _issue(request: HttpRequest, told: dict[str, Any], *, by: Person, now: datetime) -> str:
    """Issue a key once per form and give its text; '' where the form was sent before, for the text is kept nowhere."""
    texts = [""]

    def work(act: Act) -> Answer:
        token, text = ApiToken.issue(
            told["person"],
            organisation=told["organisation"],
            name=told["name"],
            scope=told["scope"],
            days=told["days"],
            by=by,
            now=now,
        )
        texts.append(text)
        act.reason = str(token)[:300]
        return {"token": token.pk}

    done_once(request, Act.Kind.RULE, work)
    return texts[-1]


def _tokens(by: Person) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(organisation__in=by.organisations_where(Capability.MANAGE_STAFF))


def _allowed(token: ApiToken) -> str:
    """Say in words what a key allows."""
    return " · ".join(str(ApiToken.Scope(scope).label) for scope in token.scope)


def _state(token: ApiToken, now: datetime) -> str:
    """Say in a word whether a key still opens something: '' where it does."""
    if token.revoked_at is not None:
        return _("révoquée")
    return _("expirée") if token.expires_at <= now else ""


@require_POST
@requires(Capability.MANAGE_STAFF)
@sent_once(Act.Kind.RULE)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a key open nothing any more, from this moment."""
    token = get_object_or_404(_tokens(cast(Person, request.user)), pk=pk)
    token.revoke(now=timezone.now())
    messages.success(request, _("La clé « %s » n’ouvre plus rien.") % token.name)
    return redirect("api-tokens")
