"""The state of the service: for everyone in plain words, for staff device by device, for machines as metrics."""

import logging
from hmac import compare_digest
from ipaddress import ip_address
from typing import cast

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from capto.members.access import second_factor_is_given
from capto.members.models import Person
from capto.members.roles import Capability
from capto.processes.addresses import is_broker_up
from firmware_bridge.format_names import reason_of
from firmware_bridge.metrics import registry
from firmware_bridge.service_state import broker_limits, last_messages, service_state

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    """Say what works now and what was lost, if anything; staff also see each device.

    Where the database does not answer, the page says that, and what becomes of the messages meanwhile.
    """
    try:
        return _status(request)
    except (OperationalError, InterfaceError):
        logger.exception("the database does not answer")
        return _status_without_database()


def _status(request: HttpRequest) -> HttpResponse:
    state = service_state(now=timezone.now())
    person = request.user
    is_staff = (
        isinstance(person, Person) and person.can(Capability.MEND_KITS) and second_factor_is_given(request)
    )
    context = {
        "state": state,
        "rejected": [(reason_of(code), code, n) for code, n in state.rejected],
        "is_staff": is_staff,
        "devices": last_messages(cast(Person, person).organisations_where(Capability.MEND_KITS))
        if is_staff
        else [],
    }
    return render(request, "firmware_bridge/status.html", context)


def _status_without_database() -> HttpResponse:
    context = {"is_broker_up": is_broker_up(settings.MQTT_URL), "limits": broker_limits()}
    # Without the request: who is signed in is not known, as the sessions are in the database.
    page = render_to_string("firmware_bridge/status_without_database.html", context)
    return HttpResponse(page, status=503, headers={"Retry-After": "60"})


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the metrics in Prometheus' text form, to who has the token, or without one to this machine alone."""
    if not may_read_metrics(request):
        return HttpResponse("metrics are for the monitoring of this installation\n", status=403)
    try:
        text = generate_latest(registry())
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def may_read_metrics(request: HttpRequest) -> bool:
    """True for the bearer of CAPTO_METRICS_TOKEN; without a token, for this machine where no proxy stands between."""
    token = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return compare_digest(given.encode(), token.encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
