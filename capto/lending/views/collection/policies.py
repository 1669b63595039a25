"""The rules of lending as rows: a librarian writes those of the own association, the general ones are shown."""

from typing import cast

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from capto.lending.collection_forms import PolicyForm
from capto.lending.models import Policy
from capto.lending.views.collection.kits import organisations_of
from capto.members.access import requires
from capto.members.chosen import chosen_or_404
from capto.members.models import Person
from capto.members.roles import Capability


@requires(Capability.MANAGE_POLICIES)
def policies(request: HttpRequest) -> HttpResponse:
    """List the rules that decide here, the general one first."""
    organisations = organisations_of(request, Capability.MANAGE_POLICIES)
    rows = (
        Policy.objects.filter(Q(organisation__in=organisations) | Q(organisation=None))
        .select_related("kit_model", "organisation")
        .order_by("organisation__name", "kit_model__name", "category")
    )
    return render(
        request,
        "lending/collection/policies.html",
        {"policies": rows, "own": set(organisations.values_list("pk", flat=True))},
    )


@requires(Capability.MANAGE_POLICIES)
def policy(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write one rule of the own association; the general ones belong to who administers the instance."""
    organisations = organisations_of(request, Capability.MANAGE_POLICIES)
    own = Policy.objects.filter(organisation__in=organisations)
    if cast(Person, request.user).is_superuser:
        own = Policy.objects.all()
    row = None if pk is None else chosen_or_404(own, str(pk))
    form = PolicyForm(request.POST or None, instance=row, organisations=organisations)
    if row is not None and row.organisation is None:
        del form.fields["organisation"]
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                form.save()
        except IntegrityError:
            form.add_error(
                None, _("Une règle existe déjà pour ce genre, ces emprunteurs et cette association.")
            )
        else:
            messages.success(
                request, _("La règle vaut dès maintenant ; les prêts en cours gardent leur date.")
            )
            return redirect("collection-policies")
    return render(
        request,
        "lending/collection/form.html",
        {
            "form": form,
            "title": row.name if row else _("Une nouvelle règle"),
            "lead": _(
                "La règle la plus précise décide : le genre de kit, puis l’emprunteur, puis l’association."
            ),
            "submit": _("Noter la règle"),
        },
    )
