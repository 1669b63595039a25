"""What is held of oneself: to read, to take away, to have erased."""

import csv
import io
import json
import zipfile
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.members.erasure import ErasureWaits, erase, held_by, why_wait
from capto.members.models import Erasure, Person, RetentionRule

RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so (OWASP, CSV injection)


@never_cache
@login_required
def my_data(request: HttpRequest) -> HttpResponse:
    """Say what is held, for how long, how to take it away and how to have it erased."""
    person = cast(Person, request.user)
    counts = {name: len(rows) for name, rows in held_by(person).items() if isinstance(rows, list) and rows}
    context = {
        "counts": [(_label(name), count) for name, count in counts.items()],
        "rules": RetentionRule.objects.all(),
        "waits_for": why_wait(person),
        "person": person,
    }
    return render(request, "lending/my_data.html", context)


def _label(name: str) -> str:
    labels = {
        "roles": _("rôles"),
        "groups": _("groupes"),
        "consents": _("consentements, avec le texte montré"),
        "campaigns": _("places dans des campagnes"),
        "messages": _("messages"),
        "training": _("inscriptions aux formations"),
        "rights_to_borrow": _("droits d’emprunter"),
        "loans": _("prêts"),
        "places": _("lieux de pose"),
        "holds": _("demandes"),
        "notes": _("notes"),
        "questions": _("questions et réponses"),
        "hours": _("heures mesurées"),
        "pledges": _("engagements"),
    }
    return labels.get(name, name)


@never_cache
@login_required
def as_json(request: HttpRequest) -> HttpResponse:
    """Give everything held as one JSON document."""
    content = json.dumps(
        held_by(cast(Person, request.user)), cls=DjangoJSONEncoder, ensure_ascii=False, indent=1
    )
    return _file(content.encode(), "application/json", "mes-donnees.json")


@never_cache
@login_required
def as_csv(request: HttpRequest) -> HttpResponse:
    """Give everything held as a ZIP of CSV files, one per kind."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in held_by(cast(Person, request.user)).items():
            archive.writestr(f"{name}.csv", _csv(rows if isinstance(rows, list) else [rows]))
    return _file(packed.getvalue(), "application/zip", "mes-donnees.zip")


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return "\ufeff" + text.getvalue()


def _cell(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@login_required
def erase_me(request: HttpRequest) -> HttpResponse:
    """Erase the person who asks, at once or as soon as the last kit is back."""
    person, now = cast(Person, request.user), timezone.now()
    if request.POST.get("wish") == "keep":
        person.want_no_erasure()
        messages.success(request, _("Votre compte reste."))
        return redirect("my-data")
    if request.POST.get("sure") != "yes":
        messages.error(request, _("Cochez la case pour confirmer : un effacement ne se reprend pas."))
        return redirect("my-data")
    try:
        erase(person, because=Erasure.Because.ASKED, now=now)
    except ErasureWaits as reason:
        person.ask_erasure(now=now)
        messages.warning(
            request, f"{reason} " + _("L’effacement se fera de lui-même, la nuit qui suit le retour.")
        )
        return redirect("my-data")
    logout(request)
    return render(request, "lending/erased.html")
