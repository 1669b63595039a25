"""Photos as pages show them: those of the catalogue to all, those of a broken kit to who looks after it."""

from typing import Any, cast

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control, never_cache

from capto.catalogue.models import Kit, KitModel, SensorModel, UpkeepTicket
from capto.members.access import requires
from capto.members.models import Person
from capto.members.roles import Capability

SHOWN = {"genres": KitModel, "modeles": SensorModel}


def _answer(photo: FieldFile) -> FileResponse:
    if not photo:
        raise Http404
    try:
        return FileResponse(photo.open("rb"), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise Http404 from error


@cache_control(public=True, max_age=3600)
def of_catalogue(request: HttpRequest, what: str, slug: str) -> FileResponse:
    """Show the photo of a kind of kit or of a make of sensor."""
    model: Any = SHOWN.get(what)
    if model is None:
        raise Http404
    return _answer(get_object_or_404(model, slug=slug).photo)


@never_cache
@requires(Capability.LEND)
def of_ticket(request: HttpRequest, pk: int) -> FileResponse:
    """Show the photo that came with a problem."""
    person = cast(Person, request.user)
    kits = Kit.objects.of_staff(person.organisations_where(Capability.LEND))
    return _answer(get_object_or_404(UpkeepTicket, pk=pk, kit__in=kits).photo)
