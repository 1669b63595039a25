"""The collection as its keepers work on it: pages, files, and who may see what."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from capto.catalogue.models import (
    Closure,
    CostEntry,
    Kit,
    LendingPoint,
    OpeningHours,
    Sensor,
    Transfer,
    UpkeepTicket,
)
from capto.lending.models import Act, Loan
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role

if TYPE_CHECKING:
    from tests.lending.conftest import Library

AtOnce = Callable[[Callable[[Any], Any], list[Any]], list[Any]]


@pytest.fixture
def keeper(library: "Library", client: Client, settings: Any) -> Client:
    """A librarian signed in."""
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()
    client.force_login(library.staff())
    return client


def _other_point(library: "Library", organisation: Organisation | None = None) -> LendingPoint:
    point = LendingPoint.objects.create(
        organisation=organisation or library.organisation,
        name="Mairie",
        slug="mairie",
        latitude=45.9,
        longitude=6.1,
    )
    for day in range(1, 8):
        OpeningHours.objects.create(point=point, weekday=day)
    return point


def _do(client: Client, kit: Kit, do: str, **fields: Any) -> Any:
    told = {"do": do, "key": str(uuid4())} | fields
    return client.post(f"/fonds/kits/{kit.code}/", told, follow=True)


def test_a_kit_is_found_by_code_inventory_number_place_and_state(library: "Library", keeper: Client) -> None:
    shelf, out = library.kit(), library.kit()
    library.lend(out, library.person())
    number = shelf.sensors.get().inventory_code
    for query, wanted in {
        f"q={shelf.code}": {shelf.code},
        f"q={number}": {shelf.code},
        "state=out": {out.code},
        "state=shelf": {shelf.code},
        "state=late": set(),
        f"point={library.point.pk}": {shelf.code, out.code},
    }.items():
        page = keeper.get(f"/fonds/?{query}").content.decode()
        assert {code for code in (shelf.code, out.code) if f"/fonds/kits/{code}/" in page} == wanted, query


def test_the_list_of_kits_asks_the_database_a_fixed_number_of_times(
    library: "Library", keeper: Client, django_assert_max_num_queries: Any
) -> None:
    for _n in range(12):
        library.kit()
    with django_assert_max_num_queries(14):
        keeper.get("/fonds/")


def test_kits_of_another_organisation_are_not_shown_unless_they_stand_here(
    library: "Library", keeper: Client
) -> None:
    other = Organisation.objects.create(name="Air du Nord")
    away = library.kit(point=_other_point(library, other))
    Kit.objects.filter(pk=away.pk).update(owner=other)
    assert keeper.get(f"/fonds/kits/{away.code}/").status_code == 404
    assert away.code not in keeper.get("/fonds/").content.decode()
    Kit.objects.filter(pk=away.pk).update(point=library.point, is_pooled=True)
    assert keeper.get(f"/fonds/kits/{away.code}/").status_code == 200


def test_a_new_kit_gets_its_code_its_parts_and_its_sensors(library: "Library", keeper: Client) -> None:
    Sensor.objects.create(
        model=library.sensor_model, owner=library.organisation, inventory_code="INV-900", device_id="d900",
        wire_format="airgradient",
    )  # fmt: skip
    told = {"model": library.kind.pk, "point": library.point.pk, "sensors": "inv-900"}
    answer = keeper.post("/fonds/kits/nouveau/", told, follow=True)
    kit = Kit.objects.get()
    assert kit.code in answer.content.decode() and kit.accessories.count() == 3
    assert [sensor.inventory_code for sensor in kit.sensors.all()] == ["INV-900"]
    again = keeper.post("/fonds/kits/nouveau/", told).content.decode()
    assert f"est déjà dans le kit {kit.code}" in again and Kit.objects.count() == 1


def test_labels_of_the_kits_found_are_a_pdf_with_their_codes(library: "Library", keeper: Client) -> None:
    library.kit()
    for what in ("kits", "pieces", "ordres"):
        answer = keeper.get(f"/fonds/etiquettes.pdf?quoi={what}&sauter=3")
        assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")


def test_a_kit_travels_from_one_point_to_another_and_is_not_lent_meanwhile(
    library: "Library", keeper: Client
) -> None:
    kit, mairie = library.kit(), _other_point(library)
    assert "part vers Mairie" in _do(keeper, kit, "send", to=mairie.pk, reason="exposition").content.decode()
    assert "déjà en chemin" in _do(keeper, kit, "send", to=mairie.pk).content.decode()
    assert kit.code in keeper.get("/fonds/points/").content.decode()
    assert "en chemin vers Mairie" in keeper.get("/fonds/?state=transit").content.decode()
    assert "est arrivé" in _do(keeper, kit, "receive").content.decode()
    kit.refresh_from_db()
    assert kit.point == mairie and Transfer.objects.get().received_at is not None
    assert "déjà arrivé" in _do(keeper, kit, "receive").content.decode()
    assert Act.objects.filter(kind="transfer", kit=kit).count() == 2


def test_a_kit_on_loan_is_neither_sent_nor_retired(library: "Library", keeper: Client) -> None:
    kit = library.kit()
    library.lend(kit, library.person())
    sent = _do(keeper, kit, "send", to=_other_point(library).pk).content.decode()
    assert "est en prêt" in sent and not Transfer.objects.exists()
    assert "est en prêt" in _do(keeper, kit, "state", state="retired", reason="usé").content.decode()
    kit.refresh_from_db()
    assert kit.state == "active"


def test_a_kit_that_is_not_pooled_is_sent_within_its_own_organisation_only(
    library: "Library", keeper: Client
) -> None:
    kit = library.kit()
    away = _other_point(library, Organisation.objects.create(name="Air du Nord"))
    _do(keeper, kit, "send", to=away.pk)
    assert not Transfer.objects.exists()
    _do(keeper, kit, "pool")
    kit.refresh_from_db()
    assert kit.is_pooled
    _do(keeper, kit, "send", to=away.pk)
    assert Transfer.objects.get().to_point == away


def test_leaving_the_service_needs_a_reason(library: "Library", keeper: Client) -> None:
    kit = library.kit()
    assert "Dites pourquoi" in _do(keeper, kit, "state", state="retired").content.decode()
    _do(keeper, kit, "state", state="retired", reason="boîtier fendu")
    kit.refresh_from_db()
    assert (kit.state, kit.state_reason) == ("retired", "boîtier fendu")


def test_a_form_sent_twice_enters_one_expense(library: "Library", keeper: Client) -> None:
    kit, key = library.kit(), str(uuid4())
    for _turn in range(2):
        _do(keeper, kit, "cost", key=key, kind="repair", on="2026-11-02", euros="12,50", note="câble")
    assert [(c.euros, c.kind, c.note) for c in CostEntry.objects.all()] == [
        (Decimal("12.50"), "repair", "câble")
    ]
    assert "12,50" in keeper.get(f"/fonds/kits/{kit.code}/").content.decode()
    wrong = _do(keeper, kit, "cost", kind="repair", on="2026-11-02", euros="0").content.decode()
    assert "n’est pas nulle" in wrong and CostEntry.objects.count() == 1


def test_a_ticket_is_opened_and_closed_on_the_page_and_only_once(library: "Library", keeper: Client) -> None:
    kit = library.kit()
    _do(keeper, kit, "ticket", what="ne s’allume plus", blocks_lending="on")
    ticket = UpkeepTicket.objects.get()
    assert (
        ticket.blocks_lending
        and "ne s’allume plus" in keeper.get(f"/fonds/kits/{kit.code}/").content.decode()
    )
    _do(keeper, kit, "advance", ticket=ticket.pk, stage="mended", outcome="pile changée")
    ticket.refresh_from_db()
    assert ticket.stage == "mended" and ticket.outcome == "pile changée" and ticket.closed_by is not None
    again = _do(keeper, kit, "advance", ticket=ticket.pk, stage="given_up").content.decode()
    assert "déjà clos ce ticket" in again


def test_a_volunteer_sees_kits_and_tickets_but_no_costs_and_changes_no_catalogue(
    library: "Library", client: Client, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(library.staff(Role.DESK_VOLUNTEER))
    kit = library.kit()
    CostEntry.objects.create(kit=kit, kind="purchase", on=date(2026, 1, 1), euros=Decimal("249.90"))
    page = client.get(f"/fonds/kits/{kit.code}/").content.decode()
    assert "249,90" not in page and 'value="state"' not in page
    _do(client, kit, "cost", kind="repair", on="2026-11-02", euros="12,50")
    _do(client, kit, "state", state="retired", reason="non")
    kit.refresh_from_db()
    assert CostEntry.objects.count() == 1 and kit.state == "active"
    for path in (
        "importer/",
        "couts/",
        "couts.csv",
        "kits.csv",
        "etiquettes.pdf",
        "kits/nouveau/",
    ):
        assert client.get(f"/fonds/{path}").status_code == 403, path
    assert client.get(f"/fonds/historique/kit/{kit.pk}/").status_code == 403


def test_strangers_and_borrowers_see_nothing_of_the_collection(
    library: "Library", client: Client, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    assert client.get("/fonds/").status_code == 302
    client.force_login(library.person())
    assert client.get("/fonds/").status_code == 403


def test_an_import_is_tried_then_done_and_a_wrong_line_is_named(library: "Library", keeper: Client) -> None:
    text = "kit,kit_model,point,sensor_model,inventory_code,device_id\n"
    right = text + "a,particules-dehors,mediatheque,airgradient-open-air,I-1,x1\n"

    def send(content: str, **more: str) -> Any:
        file = SimpleUploadedFile("kits.csv", content.encode(), content_type="text/csv")
        return keeper.post("/fonds/importer/", {"organisation": library.organisation.pk, "file": file} | more)

    tried = send(right)
    assert "ajouterait 1 kits et 1 capteurs" in tried.content.decode() and not Kit.objects.exists()
    wrong = send(right + "b,particules-dehors,ailleurs,airgradient-open-air,I-2,x2\n", really="1")
    assert wrong.status_code == 422 and not Kit.objects.exists()
    assert (
        "<code>point</code>" in wrong.content.decode()
        and '<td class="number">3</td>' in wrong.content.decode()
    )
    assert "C’est fait" in send(right, really="1").content.decode() and Kit.objects.count() == 1
    latin = SimpleUploadedFile("kits.csv", "é".encode("latin-1"))
    answer = keeper.post("/fonds/importer/", {"organisation": library.organisation.pk, "file": latin})
    assert "n’est pas en UTF-8" in answer.content.decode()


def test_what_is_exported_is_read_back_and_no_cell_is_a_formula(library: "Library", keeper: Client) -> None:
    kit = library.kit()
    kit.sensors.update(serial="=HYPERLINK(1)")
    answer = keeper.get("/fonds/kits.csv")
    lines = answer.getvalue().decode().splitlines()
    assert lines[1].startswith(kit.code) and "'=HYPERLINK(1)" in lines[1]
    assert answer["Content-Disposition"] == 'attachment; filename="kits.csv"'


def test_loans_are_exported_with_names_only_for_who_may_see_borrowers(
    library: "Library", client: Client, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library.lend(library.kit(), library.person("=Alice"))
    client.force_login(library.staff(Role.METROLOGIST))
    blind = client.get("/fonds/prets.csv").getvalue().decode()
    assert "Alice" not in blind and blind.count("\n") == 2
    client.force_login(library.staff())
    assert "'=Alice" in client.get("/fonds/prets.csv").getvalue().decode()


def test_the_week_is_written_as_people_write_it_and_hours_that_cross_are_refused(
    library: "Library", keeper: Client
) -> None:
    address = f"/fonds/points/{library.point.slug}/"
    keeper.post(address, {"do": "week", "day_1": "10h-12h, 14:00–18h30", "day_6": "9h–12h"})
    hours = [
        (o.weekday, f"{o.opens_at:%H:%M}", f"{o.closes_at:%H:%M}") for o in library.point.opening_hours.all()
    ]
    assert hours == [(1, "10:00", "12:00"), (1, "14:00", "18:30"), (6, "09:00", "12:00")]
    crossed = keeper.post(address, {"do": "week", "day_1": "10h-15h, 14h-18h"}).content.decode()
    assert "se croisent" in crossed and library.point.opening_hours.count() == 3
    assert "ne se lit pas" in keeper.post(address, {"do": "week", "day_1": "le matin"}).content.decode()


def test_what_is_said_of_a_point_stands_on_the_public_page(library: "Library", keeper: Client) -> None:
    keeper.post(
        f"/fonds/points/{library.point.slug}/",
        {
            "do": "about",
            "name": "Médiathèque",
            "accessibility": "Une marche, rampe sur demande",
            "is_active": "on",
        },
    )
    assert "rampe sur demande" in keeper.get("/emprunter/").content.decode()


def test_a_closure_through_the_page_moves_what_was_due_and_says_so(
    library: "Library", keeper: Client
) -> None:
    loan = library.lend(library.kit(), library.person())
    told = {"do": "closure", "starts_on": loan.due_on, "ends_on": loan.due_on, "reason": "inventaire"}
    page = keeper.post(f"/fonds/points/{library.point.slug}/", told, follow=True).content.decode()
    loan.refresh_from_db()
    assert "1 retour est reporté" in page and library.point.is_open_on(loan.due_on)
    assert loan.due_on > told["starts_on"] and "inventaire" in page
    closure = Closure.objects.get()
    keeper.post(f"/fonds/points/{library.point.slug}/", {"do": "reopen", "closure": closure.pk})
    assert not Closure.objects.exists()


def test_the_history_says_who_changed_what_also_where_raw_sql_did(library: "Library", keeper: Client) -> None:
    kit = library.kit()
    _do(keeper, kit, "state", state="upkeep", reason="nettoyage")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalogue_kit SET note = 'par la base' WHERE id = %s", [kit.pk])
    page = keeper.get(f"/fonds/historique/kit/{kit.pk}/").content.decode()
    assert "en service → en entretien" in page and "Lila" in page and "par la base" in page
    assert "une tâche, une commande ou personne de connecté" in page
    loan = library.lend(library.kit(), library.person())
    assert "créé" in keeper.get(f"/fonds/historique/loan/{loan.pk}/").content.decode()
    sensor = kit.sensors.get()
    Sensor.objects.filter(pk=sensor.pk).update(condition="worn")
    assert "bon → usé" in keeper.get(f"/fonds/historique/sensor/{sensor.pk}/").content.decode()


def test_the_history_of_a_person_names_what_changed_and_not_to_what(
    library: "Library", keeper: Client
) -> None:
    alice = library.person()
    library.lend(library.kit(), alice)
    alice.correct(phone="06 00 00 00 00")
    page = keeper.get(f"/fonds/historique/person/{alice.pk}/").content.decode()
    assert "<code>phone</code>" in page and "06 00 00" not in page
    stranger = library.person("Zoé")
    assert keeper.get(f"/fonds/historique/person/{stranger.pk}/").status_code == 404


def test_the_history_asks_the_database_a_fixed_number_of_times(
    library: "Library", keeper: Client, django_assert_max_num_queries: Any
) -> None:
    kit = library.kit()
    for number in range(30):
        Kit.objects.filter(pk=kit.pk).update(note=f"n{number}")
    with django_assert_max_num_queries(16):
        keeper.get(f"/fonds/historique/kit/{kit.pk}/")


def test_staff_of_another_organisation_reads_no_history_here(
    library: "Library", client: Client, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    other = Organisation.objects.create(name="Air du Nord")
    stranger = Person.objects.create_user("nord@exemple.test", name="Nord")
    StaffRole.give(stranger, role=Role.LIBRARIAN, organisation=other, now=timezone.now())
    client.force_login(stranger)
    kit = library.kit()
    library.now = timezone.now()
    loan = Loan.lend(kit, to=library.person(), point=library.point, now=library.now)
    for path in (f"kit/{kit.pk}", f"loan/{loan.pk}", f"sensor/{kit.sensors.get().pk}", "kit/0", "autre/1"):
        assert client.get(f"/fonds/historique/{path}/").status_code == 404, path


def test_a_photo_of_a_ticket_is_shown_with_words(library: "Library", keeper: Client) -> None:
    from django.core.files.base import ContentFile
    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (20, 20), "navy").save(out, "JPEG")
    kit = library.kit()
    ticket = UpkeepTicket(kit=kit, what="fendu", opened_at=timezone.now() - timedelta(hours=1))
    ticket.photo.save("x.jpg", ContentFile(out.getvalue()), save=False)
    ticket.save()
    assert "La photo jointe au signalement" in keeper.get(f"/fonds/kits/{kit.code}/").content.decode()
