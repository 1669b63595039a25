"""Fit the channel of a sensor on a stay beside a station, and keep the result as a draft."""

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

import calibration as library
from calibration import Candidate
from capto.catalogue.models import ObservedProperty, SensorModel
from capto.readings.models import ReferenceSeries
from capto.validation.models import Calibration, CoLocation
from capto.validation.pairs import pairs, reference_of, series_of

if TYPE_CHECKING:
    from capto.members.models import Person

# Standard uncertainty (absolute, relative) of a station that declares none: calibration.md, section 9 [P].
PARTICLES_REFERENCE: Final = (0.5, 0.0)  # µg/m³
GASES_REFERENCE: Final = (0.0, 0.02)
# Until past loans of a sensor model tell its drift: about 3 % a month [P].
UNKNOWN_DRIFT_PER_DAY: Final = 0.001


def candidates(stay: CoLocation, found: pd.DataFrame, *, quantity: str) -> list[Candidate]:
    """Let the methods compete on the pairs of a stay, all scored on the same hours, the simplest first."""
    return library.compare(found, methods=library.methods_for(quantity), **_options(stay, quantity=quantity))


def fit(
    stay: CoLocation,
    *,
    quantity: str,
    variant: str | None = None,
    channel: str | None = None,
    method: str = "",
    reference: ReferenceSeries | None = None,
    now: datetime,
    by: "Person | None" = None,
) -> Calibration:
    """Fit a channel on a stay and keep the model as a draft.

    variant, channel: needed where the sensor sent several. method: a name of `calibration.METHODS`; when not given,
    the simplest that is as good as the best. reference: the station's series; when not given, the one with the most
    values. Raises NoPairs, and calibration.Refused where the stay cannot give a model.
    """
    beside = reference or reference_of(stay, quantity=quantity)
    series = series_of(stay, quantity=quantity, variant=variant, channel=channel)
    found = pairs(stay, series=series, reference=beside)
    if method:
        model = library.fit(found, method=method, **_options(stay, quantity=quantity))
    else:
        tried = candidates(stay, found, quantity=quantity)
        if all(candidate.model is None for candidate in tried):
            raise library.Refused("no_method", tried[0].refused, tried[0].refused)
        model = _chosen(tried)
    drift = drift_history(
        stay.sensor.model, quantity=quantity, variant=series.variant, channel=series.channel
    )
    return Calibration.draft(
        model.with_drift(drift),
        co_location=stay,
        quantity=quantity,
        variant=series.variant,
        channel=series.channel,
        reference_series=beside,
        now=now,
        by=by,
    )


def _chosen(tried: list[Candidate]) -> library.Model:
    model = library.choose(tried).model
    assert model is not None  # choose gives a candidate that was fitted
    return model


def _options(stay: CoLocation, *, quantity: str) -> dict[str, Any]:
    described = ObservedProperty.objects.get(code=quantity)
    return {
        "quantity": quantity,
        "unit": described.unit,
        "station": stay.station.code,
        "reference_uncertainty": PARTICLES_REFERENCE if quantity.startswith("pm") else GASES_REFERENCE,
    }


def drift_history(sensor_model: SensorModel, *, quantity: str, variant: str, channel: str) -> float:
    """Give the relative drift per day of a sensor model, from the successive approved stays of its sensors."""
    rows = (
        Calibration.objects.approved()
        .filter(
            sensor__model=sensor_model,
            co_location__isnull=False,
            property=quantity,
            variant=variant,
            channel=channel,
        )
        .order_by("sensor", "co_location__starts_at")
    )
    drifts = [
        library.drift(before.fitted(), after.fitted())
        for before, after in pairwise(rows)
        if before.sensor_id == after.sensor_id and before.method == after.method
    ]
    return library.drift_history(drifts) if drifts else UNKNOWN_DRIFT_PER_DAY
