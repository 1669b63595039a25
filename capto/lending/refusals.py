"""What the library refuses, in words: what happened, which rule decided, what to do.

Each refusal is an exception that a verb raises. Pages and the desk show `what`, `rule` and `way_out`; one that
`can_be_overridden` is waived by staff who may, with a reason that is kept.
"""

from datetime import date, datetime
from typing import ClassVar

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_noop


class Refusal(Exception):
    """An act that a rule forbids. `facts` fill the sentences; dates are written as people read them."""

    said: ClassVar[str]
    way_out_said: ClassVar[str]
    can_be_overridden: ClassVar[bool] = False

    def __init__(self, *, rule: str = "", **facts: object) -> None:
        super().__init__(type(self).__name__)
        self.rule = rule
        self.facts = facts

    @property
    def code(self) -> str:
        """The name of the refusal, for programs."""
        return type(self).__name__

    @property
    def what(self) -> str:
        """What happened, in the reader's language."""
        return gettext(self.said) % self._read()

    @property
    def way_out(self) -> str:
        """What to do now."""
        return gettext(self.way_out_said) % self._read()

    @property
    def sentence(self) -> str:
        """What happened and what to do, for a page that has room for one line."""
        return f"{self.what} {self.way_out}"

    def _read(self) -> dict[str, object]:
        def read(value: object) -> object:
            if isinstance(value, datetime):
                return date_format(localtime(value), "l j F, H:i")
            return date_format(value, "l j F") if isinstance(value, date) else value

        return {name: read(value) for name, value in self.facts.items()}

    def __str__(self) -> str:
        return self.what


class AlreadyOnLoan(Refusal):
    said = gettext_noop("Le kit %(kit)s est encore prêté à %(person)s, jusqu’au %(due)s.")
    way_out_said = gettext_noop("Pour le rendre : Échap, puis scannez-le seul.")


class AlreadyLentToThem(Refusal):
    said = gettext_noop("Le kit %(kit)s est déjà prêté à %(person)s, jusqu’au %(due)s.")
    way_out_said = gettext_noop("Rien à faire : il a été scanné deux fois.")


class NotOnLoan(Refusal):
    said = gettext_noop("Le kit %(kit)s n’est pas en prêt.")
    way_out_said = gettext_noop("Pour le prêter, scannez d’abord la carte de la personne.")


class KitOutOfService(Refusal):
    said = gettext_noop("Le kit %(kit)s n’est pas en service : %(state)s. %(reason)s")
    way_out_said = gettext_noop("Prenez un autre kit. Une personne responsable peut le remettre en service.")


class KitElsewhere(Refusal):
    said = gettext_noop("Le kit %(kit)s est noté en route vers %(point)s.")
    way_out_said = gettext_noop("Notez son arrivée sur sa fiche, puis recommencez.")


class NotYourKit(Refusal):
    said = gettext_noop("Le kit %(kit)s est à %(owner)s, qui ne l’a pas mis en commun.")
    way_out_said = gettext_noop("Rendez-le à son propriétaire, ou demandez-lui de le mettre en commun.")


class TicketOpen(Refusal):
    said = gettext_noop("Le kit %(kit)s attend une réparation : %(what)s")
    way_out_said = gettext_noop("Prenez un autre kit, ou fermez le ticket sur sa fiche.")
    can_be_overridden = True


class UpkeepOverdue(Refusal):
    said = gettext_noop("Le kit %(kit)s attend un entretien : %(work)s, depuis le %(since)s.")
    way_out_said = gettext_noop("Faites-le et notez-le sur sa fiche, ou prenez un autre kit.")
    can_be_overridden = True


class PartsMissing(Refusal):
    said = gettext_noop("Il manque au kit %(kit)s : %(parts)s.")
    way_out_said = gettext_noop("Complétez-le et comptez ses pièces sur sa fiche, ou prenez un autre kit.")
    can_be_overridden = True


class SensorInstalled(Refusal):
    said = gettext_noop("Le capteur %(sensor)s est installé ailleurs pour longtemps.")
    way_out_said = gettext_noop("Prévenez le métrologue : il doit d’abord mettre fin à cette pose.")


class AccountClosed(Refusal):
    said = gettext_noop("Le compte de %(person)s est fermé.")
    way_out_said = gettext_noop("Une personne responsable peut le rouvrir.")


class AddressNotConfirmed(Refusal):
    said = gettext_noop("L’adresse e-mail de %(person)s n’est pas confirmée.")
    way_out_said = gettext_noop(
        "Ouvrez le lien reçu par e-mail, ou demandez-en un autre à la page de connexion."
    )


class GroupNotTheirs(Refusal):
    said = gettext_noop("%(person)s n’est pas l’adulte responsable de %(group)s.")
    way_out_said = gettext_noop("Prêtez au nom de la personne seule, ou de son responsable.")


class CharterNotAccepted(Refusal):
    said = gettext_noop("%(person)s n’a pas accepté la charte du prêt, version %(version)s.")
    way_out_said = gettext_noop("Faites-la signer sur papier (F4), ou à l’écran sur sa page.")


class TrainingMissing(Refusal):
    said = gettext_noop("%(person)s n’a pas suivi la formation pour « %(kind)s », ou son droit a expiré.")
    way_out_said = gettext_noop(
        "Prochaine séance : %(next)s. Une personne responsable peut donner le droit ici."
    )
    can_be_overridden = True


class TooManyLoans(Refusal):
    said = gettext_noop(
        "%(person)s a déjà %(count)s prêt ou réservation à ces dates ; la règle en permet %(most)s."
    )
    way_out_said = gettext_noop("Rendez ou annulez-en un, ou choisissez d’autres dates.")
    can_be_overridden = True


class HasLateLoan(Refusal):
    said = gettext_noop("%(person)s a un kit en retard (%(kit)s, attendu le %(due)s).")
    way_out_said = gettext_noop("Rendez-le ou prolongez-le d’abord.")
    can_be_overridden = True


class KitReserved(Refusal):
    said = gettext_noop(
        "Le kit %(kit)s est réservé pour quelqu’un d’autre à partir du %(starts)s, et aucun autre ne "
        "peut le remplacer."
    )
    way_out_said = gettext_noop("Prêtez un autre kit de ce genre, ou pour moins longtemps.")
    can_be_overridden = True


class KitRests(Refusal):
    said = gettext_noop("Le kit %(kit)s est mis de côté jusqu’au %(until)s : %(reason)s.")
    way_out_said = gettext_noop("Prenez un autre kit, ou attendez.")
    can_be_overridden = True


class TooLong(Refusal):
    said = gettext_noop("Cette durée dépasse les %(most)s jours que la règle permet.")
    way_out_said = gettext_noop("Choisissez une date de retour au plus tard le %(latest)s.")
    can_be_overridden = True


class TooFarAhead(Refusal):
    said = gettext_noop("On réserve au plus %(most)s jours à l’avance.")
    way_out_said = gettext_noop("Choisissez une date avant le %(latest)s.")


class DatesInDisorder(Refusal):
    said = gettext_noop(
        "Ces dates ne vont pas : le retour vient après le début, et le début n’est pas passé."
    )
    way_out_said = gettext_noop("Corrigez les dates.")


class ClosedThatDay(Refusal):
    said = gettext_noop("%(point)s est fermé le %(day)s.")
    way_out_said = gettext_noop("Le premier jour d’ouverture qui suit est le %(next)s.")


class NoOpenDayAhead(Refusal):
    said = gettext_noop("%(point)s n’a aucun jour d’ouverture dans les deux mois après le %(day)s.")
    way_out_said = gettext_noop("Une personne responsable doit corriger ses horaires ou ses fermetures.")


class AlreadyHeld(Refusal):
    said = gettext_noop("%(person)s a déjà demandé ou emprunté « %(kind)s » à ces dates.")
    way_out_said = gettext_noop("Rien à faire, ou annulez la première demande.")


class HoldClosed(Refusal):
    said = gettext_noop("Cette réservation est déjà close : %(state)s.")
    way_out_said = gettext_noop("Faites une nouvelle demande.")


class NoRenewalLeft(Refusal):
    said = gettext_noop("Ce prêt a déjà été prolongé %(count)s fois ; la règle en permet %(most)s.")
    way_out_said = gettext_noop("Rapportez le kit le %(due)s, ou demandez au personnel.")
    can_be_overridden = True


class ExtensionMeetsBooking(Refusal):
    said = gettext_noop("Le kit est réservé pour quelqu’un d’autre à partir du %(starts)s.")
    way_out_said = gettext_noop("Il peut être gardé au plus tard jusqu’au %(latest)s.")


class AddressMissing(Refusal):
    said = gettext_noop("L’adresse postale de %(person)s manque.")
    way_out_said = gettext_noop("Demandez-la, notez-la sur sa page, puis envoyez.")


class NotByPost(Refusal):
    said = gettext_noop("Ce prêt ne passe pas par la poste.")
    way_out_said = gettext_noop("Rendez le kit au point de prêt.")


class LoanClosed(Refusal):
    said = gettext_noop("Ce prêt est déjà clos.")
    way_out_said = gettext_noop("Rien à faire.")


class NotTheSameKind(Refusal):
    said = gettext_noop("Le kit %(kit)s est d’un autre genre que celui du prêt.")
    way_out_said = gettext_noop("Échangez contre un kit du même genre.")


class TooLateToUndo(Refusal):
    said = gettext_noop(
        "Ce geste ne s’annule plus : il a plus de %(minutes)s minutes, ou un autre l’a suivi."
    )
    way_out_said = gettext_noop("Faites le geste contraire : rendre ou prêter.")


class NothingToUndo(Refusal):
    said = gettext_noop("Il n’y a aucun geste à annuler.")
    way_out_said = gettext_noop("Rien à faire.")


class KitIsOut(Refusal):
    said = gettext_noop("Le kit %(kit)s est en prêt.")
    way_out_said = gettext_noop("Attendez son retour, ou déclarez le prêt perdu.")


class KitOnItsWay(Refusal):
    said = gettext_noop("Le kit %(kit)s est déjà en chemin.")
    way_out_said = gettext_noop("Notez d’abord son arrivée.")


class TicketIsClosed(Refusal):
    said = gettext_noop("Quelqu’un a déjà clos ce ticket.")
    way_out_said = gettext_noop("Ouvrez-en un autre si le défaut revient.")


class Busy(Refusal):
    said = gettext_noop("Un autre poste travaille sur le même kit ou la même personne.")
    way_out_said = gettext_noop("Recommencez dans quelques secondes.")


class KeyAlreadyUsed(Refusal):
    said = gettext_noop("Cette clé a déjà servi à une autre demande.")
    way_out_said = gettext_noop("Tirez une nouvelle clé pour chaque acte ; la même sert à le redemander.")


class NotAllowed(Refusal):
    said = gettext_noop("Votre rôle ne permet pas ce geste.")
    way_out_said = gettext_noop("Demandez à une personne responsable du prêt.")
