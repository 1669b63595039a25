"""Days as people count them: in Paris, from midnight to midnight, the last one included."""

from datetime import date, datetime, time, timedelta

from django.db.models import DateField, Func

from capto.catalogue.models.lending_point import PARIS

__all__ = ["PARIS", "ParisDay", "end_of", "local_day", "start_of"]


class ParisDay(Func):
    """The day on the wall calendar at a moment, computed by the database."""

    template = "(%(expressions)s AT TIME ZONE 'Europe/Paris')::date"
    output_field = DateField()


def local_day(moment: datetime) -> date:
    """Give the day on the wall calendar at a moment."""
    return moment.astimezone(PARIS).date()


def start_of(day: date) -> datetime:
    """Give the moment at which a day begins; summer time is Paris's affair."""
    return datetime.combine(day, time(), tzinfo=PARIS)


def end_of(day: date) -> datetime:
    """Give the moment at which a day is over, the first of the next."""
    return start_of(day + timedelta(days=1))
