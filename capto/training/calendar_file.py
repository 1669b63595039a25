"""A session as a calendar file that any agenda takes."""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event

from capto.training.models import CourseSession


def calendar_file(session: CourseSession, *, now: datetime, with_link: bool) -> bytes:
    """Write a session as iCalendar (RFC 5545); the video link only for who has a seat.

    The same session keeps its identity, so that an agenda that took it once corrects it.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//captotheque//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if session.cancelled_at else "PUBLISH")
    event = Event()
    event.add("uid", f"session-{session.pk}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", now)
    event.add("dtstart", session.starts_at)
    event.add("dtend", session.ends_at)
    event.add("summary", session.course.name)
    event.add("status", "CANCELLED" if session.cancelled_at else "CONFIRMED")
    place = session.where
    if session.point is not None and session.point.address and not session.place:
        place = f"{place}, {session.point.address}".replace("\n", ", ")
    if place:
        event.add("location", place)
    page = settings.SITE_URL + reverse("training-session", args=[session.pk])
    event.add("url", session.video_link if with_link and session.video_link else page)
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content
