"""What the messages about training say, written when they leave."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from capto.members.messages import Letter
from capto.members.models import Person
from capto.training.models import BorrowingRight, CourseSession, Enrolment


def _facts(enrolment: Enrolment) -> dict[str, str]:
    session = enrolment.session
    return {
        "person": enrolment.person.name,
        "course": session.course.name,
        "when": date_format(localtime(session.starts_at), "l j F Y, H:i"),
        "where": session.where or session.video_link,
        "link": settings.SITE_URL + reverse("training-session", args=[session.pk]),
    }


def _enrolment(about: str) -> Enrolment | None:
    return (
        Enrolment.objects.select_related("session__course", "session__point", "person")
        .filter(pk=int(about))
        .first()
    )


def joined(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Confirm a seat, or a place in the waiting list; nothing where it was given back meanwhile."""
    enrolment = _enrolment(about)
    if enrolment is None or enrolment.session.cancelled_at or enrolment.session.starts_at <= now:
        return None
    facts = _facts(enrolment)
    if enrolment.state == Enrolment.State.SEATED:
        return Letter(
            _("Votre place : %(course)s, %(when)s") % facts,
            _(
                "Bonjour %(person)s,\n\nVotre place est réservée.\n%(course)s\n%(when)s\n%(where)s\n\n"
                "Le fichier pour votre agenda et la désinscription sont ici :\n%(link)s"
            )
            % facts,
        )
    if enrolment.state == Enrolment.State.WAITING:
        return Letter(
            _("Liste d’attente : %(course)s, %(when)s") % facts,
            _(
                "Bonjour %(person)s,\n\nLa séance est complète. Vous êtes sur la liste d’attente ; si une place se "
                "libère, elle est pour vous et un message vous le dit.\n%(link)s"
            )
            % facts,
        )
    return None


def moved_up(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell who waited that a seat is theirs."""
    enrolment = _enrolment(about)
    if enrolment is None or enrolment.state != Enrolment.State.SEATED or enrolment.session.starts_at <= now:
        return None
    facts = _facts(enrolment)
    return Letter(
        _("Une place s’est libérée : %(course)s, %(when)s") % facts,
        _(
            "Bonjour %(person)s,\n\nUne place s’est libérée et elle est pour vous.\n%(course)s\n%(when)s\n%(where)s\n\n"
            "Si vous ne venez pas, rendez-la ici, quelqu’un attend :\n%(link)s"
        )
        % facts,
    )


def reminder(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Remind of a session of the next two days."""
    enrolment = _enrolment(about)
    if (
        enrolment is None
        or enrolment.state != Enrolment.State.SEATED
        or enrolment.session.cancelled_at
        or enrolment.session.starts_at <= now
    ):
        return None
    facts = _facts(enrolment)
    return Letter(
        _("Rappel : %(course)s, %(when)s") % facts,
        _(
            "Bonjour %(person)s,\n\nÀ bientôt pour %(course)s.\n%(when)s\n%(where)s\n\nUn empêchement ? "
            "Rendez votre place ici :\n%(link)s"
        )
        % facts,
    )


def cancelled(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that a session will not take place."""
    enrolment = _enrolment(about)
    if enrolment is None or enrolment.session.cancelled_at is None:
        return None
    facts = _facts(enrolment)
    return Letter(
        _("Séance annulée : %(course)s, %(when)s") % facts,
        _(
            "Bonjour %(person)s,\n\nLa séance %(course)s du %(when)s n’aura pas lieu. "
            "Les autres dates sont ici :\n%(link)s"
        )
        % facts,
    )


def right_ends(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that a right to borrow ends soon; nothing where it was renewed, taken back or is over meanwhile."""
    right = BorrowingRight.objects.valid(now=now).select_related("course").filter(pk=int(about)).first()
    if right is None or right.is_followed(now=now):
        return None
    facts = {
        "person": person.name,
        "course": right.course.name,
        "day": date_format(localtime(right.expires_at), "l j F Y"),
        "link": settings.SITE_URL + reverse("trainings"),
    }
    session = CourseSession.objects.to_come(now=now).filter(course=right.course).first()
    if session is None:
        when = _("Aucune séance n’est encore prévue ; les prochaines seront ici :")
    else:
        facts["when"] = date_format(localtime(session.starts_at), "l j F Y, H:i")
        when = _("La prochaine séance a lieu le %(when)s. On s’y inscrit ici :") % facts
    return Letter(
        _("Votre droit d’emprunter prend fin : %(course)s, %(day)s") % facts,
        _(
            "Bonjour %(person)s,\n\nLa formation « %(course)s » vous permet d’emprunter jusqu’au %(day)s. "
            "Pour emprunter après, il faut la suivre de nouveau. Un prêt en cours n’est pas concerné."
        )
        % facts
        + f"\n\n{when}\n{facts['link']}",
    )
