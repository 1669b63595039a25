"""What the messages about holds and loans say, written when they leave: nothing is said that is no longer true."""

from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from capto.lending.models import Hold, Loan
from capto.members.messages import Letter
from capto.members.models import Message, Person

HERE = "capto.lending.notices."


def tell(
    person: Person,
    what: str,
    *,
    about: int,
    now: datetime,
    on: date | None = None,
    send_after: datetime | None = None,
) -> None:
    """Queue the notice `what` (a function of this module) about a hold or loan, once per day `on` or once at all."""
    subject = f"{about}" if on is None else f"{about}:{on.isoformat()}"
    message = Message.to_person(
        person,
        key=f"lending:{what}:{subject}",
        compose=HERE + what,
        about=subject,
        nature=Message.Nature.LOAN,
        now=now,
        send_after=send_after,
    )
    Message.queue_all([message])


def _hold(about: str) -> Hold | None:
    return (
        Hold.objects.select_related("kit_model", "point", "person")
        .filter(pk=int(about.partition(":")[0]))
        .first()
    )


def _loan(about: str) -> Loan | None:
    return (
        Loan.objects.select_related("kit__model", "point", "person", "returned_point")
        .filter(pk=int(about.partition(":")[0]))
        .first()
    )


def _day(day: date | None) -> str:
    return date_format(day, "l j F Y") if day else ""


def _letter(subject: str, person: Person, *paragraphs: str) -> Letter:
    greeting = _("Bonjour %s,") % person.name
    return Letter(subject, "\n\n".join((greeting, *paragraphs, settings.SITE_NAME)))


def _my_page() -> str:
    return settings.SITE_URL + reverse("my-page")


def _loan_page(loan: Loan) -> str:
    return settings.SITE_URL + reverse("my-loan", args=[loan.public_id])


def asked(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Confirm a hold that still waits; one that became ready at once has its own message."""
    hold = _hold(about)
    if hold is None or hold.state != Hold.State.WAITING:
        return None
    facts = {"kind": hold.kit_model.name, "first": _day(hold.starts_on), "point": hold.point.name}
    return _letter(
        _("Demande reçue : %(kind)s") % facts,
        person,
        _("Nous avons reçu votre demande : %(kind)s, à partir du %(first)s (%(point)s).") % facts,
        _("Un kit sera mis de côté à l’approche de la date, dans un ordre que vous pouvez lire :")
        + "\n"
        + _my_page(),
    )


def ready(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that a kit is put aside."""
    hold = _hold(about)
    if hold is None or hold.state != Hold.State.READY:
        return None
    facts = {
        "kind": hold.kit_model.name,
        "first": _day(hold.starts_on),
        "last": _day(hold.collect_by),
        "point": hold.point.name,
        "address": hold.point.address,
    }
    return _letter(
        _("Un kit est mis de côté pour vous : %(kind)s") % facts,
        person,
        _("Un kit « %(kind)s » vous attend à partir du %(first)s.\n%(point)s\n%(address)s") % facts,
        _("Venez le chercher au plus tard le %(last)s ; ensuite il va à la personne suivante.") % facts,
        _("Un empêchement ? Annulez ici, quelqu’un attend peut-être :") + "\n" + _my_page(),
    )


def due_day_moved(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that the desk is closed on the day of return, and which day holds instead."""
    loan = _loan(about)
    if loan is None or loan.state != Loan.State.OPEN or loan.due_on.isoformat() != about.partition(":")[2]:
        return None
    facts = {"kind": loan.kit.model.name, "day": _day(loan.due_on), "point": loan.point.name}
    return _letter(
        _("Jour de retour reporté : %(kind)s") % facts,
        person,
        _("%(point)s sera fermé le jour prévu. Vous pouvez garder le kit jusqu’au %(day)s.") % facts,
        _loan_page(loan),
    )


def hold_days_moved(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that the desk is closed on a day of the hold, and which days hold instead."""
    hold = _hold(about)
    if hold is None or hold.closed_at is not None or hold.starts_on.isoformat() != about.partition(":")[2]:
        return None
    facts = {
        "kind": hold.kit_model.name,
        "first": _day(hold.starts_on),
        "last": _day(hold.ends_on),
        "point": hold.point.name,
    }
    return _letter(
        _("Dates reportées : %(kind)s") % facts,
        person,
        _("%(point)s sera fermé un jour de votre réservation. Elle va maintenant du %(first)s au %(last)s.")
        % facts,
        _("Ces dates ne vous vont pas ? Annulez ici :") + "\n" + _my_page(),
    )


def expired(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that the kit went to the next."""
    hold = _hold(about)
    if hold is None or hold.state != Hold.State.EXPIRED:
        return None
    facts = {"kind": hold.kit_model.name}
    return _letter(
        _("Votre réservation est close : %(kind)s") % facts,
        person,
        _(
            "Le kit n’a pas été retiré dans le délai ; il va à la personne suivante. Vous pouvez en demander un autre "
            "quand vous voulez :"
        )
        + "\n"
        + _my_page(),
    )


def not_served(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that no kit came free for the days asked."""
    hold = _hold(about)
    if hold is None or hold.state != Hold.State.EXPIRED:
        return None
    facts = {"kind": hold.kit_model.name, "first": _day(hold.starts_on)}
    return _letter(
        _("Aucun kit n’était libre : %(kind)s") % facts,
        person,
        _(
            "Aucun kit « %(kind)s » ne s’est libéré pour les jours demandés, à partir du %(first)s. "
            "Choisissez d’autres dates :"
        )
        % facts
        + "\n"
        + _my_page(),
    )


def kit_taken_back(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that the kit put aside is not there after all; nothing where another was found meanwhile."""
    hold = _hold(about)
    if hold is None or hold.state != Hold.State.WAITING:
        return None
    facts = {"kind": hold.kit_model.name, "first": _day(hold.starts_on)}
    return _letter(
        _("Votre kit prend du retard : %(kind)s") % facts,
        person,
        _(
            "Le kit mis de côté pour vous le %(first)s n’est pas rentré à temps, et aucun autre n’est libre. Vous êtes "
            "de nouveau dans la file, à votre rang : un message vous dira quand un kit vous attend."
        )
        % facts,
        _("Vous pouvez changer de dates ici :") + "\n" + _my_page(),
    )


def lent(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Confirm a loan, with its page; what goes by post has its own message."""
    loan = _loan(about)
    if loan is None or loan.state != Loan.State.OPEN or loan.posted_at is not None:
        return None
    facts = {
        "kind": loan.kit.model.name,
        "kit": loan.kit.code,
        "due": _day(loan.due_on),
        "point": loan.point.name,
    }
    return _letter(
        _("Votre prêt : %(kind)s, à rendre le %(due)s") % facts,
        person,
        _("Vous avez emprunté le kit %(kit)s (%(kind)s). Il est attendu le %(due)s (%(point)s).") % facts,
        _("Votre page dit où installer le capteur, montre ses mesures et prolonge le prêt :")
        + "\n"
        + _loan_page(loan),
    )


def posted(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that the parcel is on its way; nothing where it has come already."""
    loan = _loan(about)
    if loan is None or loan.state != Loan.State.OPEN or loan.arrived_at is not None:
        return None
    facts = {"kit": loan.kit.code, "due": _day(loan.due_on)}
    return _letter(
        _("Le kit %(kit)s est en route vers vous") % facts,
        person,
        _("Le kit %(kit)s est parti par la poste. Il est à renvoyer au plus tard le %(due)s.") % facts,
        _("Dites sur votre page quand il arrive, puis quand vous le renvoyez :") + "\n" + _loan_page(loan),
    )


def returned(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Confirm a return."""
    loan = _loan(about)
    if loan is None or loan.returned_at is None:
        return None
    facts = {
        "kit": loan.kit.code,
        "point": loan.returned_point.name if loan.returned_point else loan.point.name,
    }
    return _letter(
        _("Le kit %(kit)s est bien rendu") % facts,
        person,
        _("Le kit %(kit)s est bien rendu (%(point)s). Merci d’avoir mesuré.") % facts,
        _("Ce que votre capteur a vu reste sur votre page :") + "\n" + _loan_page(loan),
    )


def renewed(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Confirm the new day of return."""
    loan = _loan(about)
    if loan is None or loan.state != Loan.State.OPEN or about.partition(":")[2] != loan.due_on.isoformat():
        return None
    facts = {"kit": loan.kit.code, "due": _day(loan.due_on)}
    return _letter(
        _("Prêt prolongé jusqu’au %(due)s") % facts,
        person,
        _("Le kit %(kit)s est maintenant attendu le %(due)s.") % facts,
        _loan_page(loan),
    )


def _still_out(about: str) -> Loan | None:
    """Give the loan of a reminder where it is open and due on the day that the reminder was queued for."""
    loan = _loan(about)
    if loan is None or loan.state != Loan.State.OPEN or about.split(":")[1] != loan.due_on.isoformat():
        return None
    return None if loan.posted_back_at is not None else loan  # what is in the post cannot be hurried


def due_soon(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Remind a few days before; nothing where the kit is back or kept longer."""
    loan = _still_out(about)
    if loan is None:
        return None
    facts = {"kit": loan.kit.code, "due": _day(loan.due_on), "point": loan.point.name}
    parts = ", ".join(str(part) for part in loan.kit.accessories.all())
    return _letter(
        _("Le kit %(kit)s est attendu le %(due)s") % facts,
        person,
        _("Le kit %(kit)s est attendu le %(due)s (%(point)s).") % facts,
        _("Il contient : %s.") % parts if parts else "",
        _("Prolonger ou échanger se fait ici :") + "\n" + _loan_page(loan),
    )


def due_today(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Remind on the day itself."""
    loan = _still_out(about)
    if loan is None:
        return None
    facts = {"kit": loan.kit.code, "point": loan.point.name}
    return _letter(
        _("Le kit %(kit)s est attendu aujourd’hui") % facts,
        person,
        _("Le kit %(kit)s est attendu aujourd’hui (%(point)s).") % facts,
        _loan_page(loan),
    )


def late(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Ask for a kit that is late, without reproach: something may have happened."""
    loan = _still_out(about)
    if loan is None or not loan.is_overdue(now=now):
        return None
    facts = {
        "kit": loan.kit.code,
        "due": _day(loan.due_on),
        "point": loan.point.name,
        "contact": loan.point.contact,
    }
    return _letter(
        _("Le kit %(kit)s était attendu le %(due)s") % facts,
        person,
        _("Le kit %(kit)s était attendu le %(due)s (%(point)s). D’autres personnes l’attendent peut-être.")
        % facts,
        _("Un souci ? Répondez sur votre page, ou appelez : %(contact)s") % facts,
        _loan_page(loan),
    )


def answered(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Tell that a person of the staff answered."""
    loan = _loan(about)
    if loan is None:
        return None
    return _letter(
        _("Une réponse à votre question"),
        person,
        _("Une personne de l’équipe a répondu à votre question :") + "\n" + _loan_page(loan),
    )
