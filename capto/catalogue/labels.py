"""Sheets of QR labels for kits, accessories and people's cards, as PDF."""

from collections.abc import Iterable
from typing import NamedTuple

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from capto.catalogue.models import Accessory, Kit
from capto.members.models import Person
from capto.members.pdf import pdf_of


class Label(NamedTuple):
    """One label: the code in letters and in its square, and what it stands on."""

    code: str
    title: str
    note: str
    content: str  # what the square says: the code, or the address that a telephone opens

    @property
    def square(self) -> str:
        """The QR code as an SVG data address, with error correction Q: a label gets scratched."""
        return str(segno.make(self.content, error="q", micro=False).svg_data_uri(border=0))


def kit_label(kit: Kit) -> Label:
    """The label of a kit's box: a telephone that scans it opens the page to report a problem."""
    address = settings.SITE_URL + reverse("kit-by-code", args=[kit.code])
    return Label(kit.code, kit.model.name, kit.owner.name, address)


def accessory_label(accessory: Accessory) -> Label:
    """The label of a loose part."""
    return Label(accessory.code, accessory.name, accessory.kit.code, accessory.code)


def person_label(person: Person) -> Label:
    """The label of a person's card: a code and nothing personal but the name that the card is handed to."""
    return Label(person.card(), person.name, settings.SITE_NAME, person.card())


def command_labels() -> list[Label]:
    """The orders that can be scanned at the desk instead of pressing a key."""
    from capto.members.codes import CodeKind, Command, write_code

    orders = {
        Command.ALL_PRESENT: _("Tout y est"),
        Command.UNDO: _("Annuler le dernier geste"),
        Command.DONE: _("Terminé avec cette personne"),
    }
    codes = {order: write_code(CodeKind.COMMAND, int(order)) for order in orders}
    return [Label(codes[order], text, _("comptoir"), codes[order]) for order, text in orders.items()]


def labels_page(labels: Iterable[Label], *, skip: int = 0) -> str:
    """Lay labels out on A4 sheets of 24 (70 x 37 mm), leaving the first `skip` places of a begun sheet empty."""
    places: list[Label | None] = [None] * skip + list(labels)
    rows = [places[start : start + 3] for start in range(0, len(places), 3)]
    sheets = [rows[start : start + 8] for start in range(0, len(rows), 8)]
    return render_to_string("catalogue/labels.html", {"sheets": sheets})


def labels_pdf(labels: Iterable[Label], *, skip: int = 0) -> bytes:
    """Give the sheets of `labels_page` as PDF."""
    return pdf_of(labels_page(labels, skip=skip))
