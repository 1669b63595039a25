"""One voice: signatures by rule, approved sentences, contradictions held, a public log, other readings that stay."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from capto.members.models import BorrowerGroup, Charter, Consent, Organisation, Person, StaffRole
from capto.members.roles import Role
from dashboards.episodes.models import Episode, EpisodeZone
from dashboards.messages.contradictions import find, levels_stated
from dashboards.messages.models import (
    ApprovedSentence,
    CharterNotSigned,
    HeldBack,
    MessageRule,
    MessageStep,
    NotApproved,
    OtherReading,
    PublicMessage,
    SignatureMissing,
    WrongState,
)
from dashboards.messages.models.rule import sentences

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


class House:
    """An association, an authority, and the people who write and sign."""

    def __init__(self) -> None:
        self.association = Organisation.objects.create(name="Air d’ici")
        self.prefecture = Organisation.objects.create(name="Préfecture")
        self.zone = EpisodeZone.objects.create(code="38", name="Bassin grenoblois")
        self.expert = self.staff("expert", Role.METROLOGIST, self.association)
        self.mediator = self.staff("mediator", Role.MEDIATOR, self.association)
        self.authority = self.staff("authority", Role.AUTHORITY, self.prefecture)

    def staff(self, name: str, role: Role, organisation: Organisation) -> Person:
        person = Person.objects.create_user(f"{name}@exemple.test", name=name.title())
        StaffRole.give(person, role=role, organisation=organisation, now=NOW)
        return person

    def message(
        self, message_class: str = "local", *, said: tuple[str, ...] = (), **fields: Any
    ) -> PublicMessage:
        told: dict[str, Any] = {
            "title": "Le soir, rue Ampère", "body": "Les cheminées du quartier." if not said else "", "zone": self.zone,
            "first_day": TODAY, "last_day": TODAY, "author": self.mediator, "organisation": self.association,
        }  # fmt: skip
        message = PublicMessage.objects.create(message_class=message_class, **(told | fields))
        message.sentences.set(ApprovedSentence.objects.filter(code__in=said))
        return message

    def signed(self, message: PublicMessage, *qualities: str) -> PublicMessage:
        message.submit(by=self.mediator, now=NOW)
        for quality in qualities:
            person = getattr(self, quality)
            organisation = self.prefecture if quality == "authority" else self.association
            message.sign(by=person, signed_as=quality, organisation=organisation, now=NOW)
        return message

    def episode(self, level: str = "ALERTE_N1", **fields: Any) -> Episode:
        told: dict[str, Any] = {
            "pollutant": "pm10", "day": TODAY, "status": "in_force", "source": "Préfecture", "now": NOW,
            "url": "https://isere.test/1",
        }  # fmt: skip
        return Episode.announce(self.zone, level=level, **(told | fields))


@pytest.fixture
def house() -> House:
    return House()


def steps(message: PublicMessage) -> list[str]:
    return [step.step for step in message.steps.all()]


def text_of(answer: Any) -> str:
    found: str = answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")
    return found


def test_a_message_is_out_when_its_rule_is_met_and_its_log_is_public(client: Client, house: House) -> None:
    message = house.signed(house.message(), "expert")
    with pytest.raises(SignatureMissing) as missing:
        message.publish(by=house.mediator, now=NOW)
    assert missing.value.missing == ["mediator"]
    message.sign(by=house.mediator, signed_as="mediator", organisation=house.association, now=NOW)
    message.publish(by=house.mediator, now=NOW)
    assert steps(message) == ["checks", "signed", "signed", "published"] and message.rule is not None
    found = text_of(client.get(f"/paroles/{message.pk}/"))
    assert "Expert, Air d’ici" in found and "Écrit par Mediator, Air d’ici" in found and "v1" in found
    message.archive(by=house.mediator, now=NOW, because="passé")
    assert client.get(f"/paroles/{message.pk}/").status_code == 200  # its address stays


def test_a_draft_is_seen_by_nobody_outside(client: Client, house: House) -> None:
    message = house.message()
    assert client.get(f"/paroles/{message.pk}/").status_code == 404
    house.signed(message)
    assert client.get(f"/paroles/{message.pk}/").status_code == 404


def test_nobody_signs_in_a_quality_that_no_role_gives(house: House) -> None:
    message = house.signed(house.message())
    for person, quality, organisation in (
        (house.mediator, "expert", house.association),
        (house.expert, "expert", house.prefecture),
        (house.staff("admin", Role.ADMINISTRATOR, house.association), "expert", house.association),
    ):
        with pytest.raises(PermissionError):
            message.sign(by=person, signed_as=quality, organisation=organisation, now=NOW)


def test_one_person_signs_once_whatever_their_roles(house: House) -> None:
    StaffRole.give(house.expert, role=Role.MEDIATOR, organisation=house.association, now=NOW)
    message = house.signed(house.message(), "expert")
    with pytest.raises(PermissionError, match="one quality"):
        message.sign(by=house.expert, signed_as="mediator", organisation=house.association, now=NOW)


def test_signatures_are_void_when_the_text_goes_back(house: House) -> None:
    message = house.signed(house.message(), "expert", "mediator")
    message.send_back(by=house.mediator, now=NOW, because="une coquille")
    message.submit(by=house.mediator, now=NOW)
    assert message.missing_signatures(now=NOW) == ["expert", "mediator"]


def test_steps_cannot_be_taken_twice_or_out_of_order(house: House) -> None:
    message = house.message()
    for act in (message.publish, lambda **k: message.archive(because="", **k)):
        with pytest.raises(WrongState):
            act(by=house.mediator, now=NOW)
    house.signed(message)
    with pytest.raises(WrongState):
        message.submit(by=house.mediator, now=NOW)


def test_a_health_message_is_approved_sentences_and_nothing_else(house: House) -> None:
    message = house.message("health", said=("health-sensitive",), title="Personnes sensibles")
    house.signed(message, "expert", "authority")
    with pytest.raises(NotApproved):  # the sentence still waits for the authority
        message.publish(by=house.mediator, now=NOW)
    ApprovedSentence.objects.get(code="health-sensitive").approve(by="Agence régionale de santé", now=NOW)
    message.publish(by=house.mediator, now=NOW)
    with pytest.raises(IntegrityError, match="a_health_message_has_no_free_text"), transaction.atomic():
        PublicMessage.objects.filter(pk=message.pk).update(body="Respirez des huiles.")
    with (
        pytest.raises(IntegrityError, match="a_health_or_episode_message_names_its_zone"),
        transaction.atomic(),
    ):
        PublicMessage.objects.filter(pk=message.pk).update(zone=None)


def test_a_health_message_stands_beside_the_official_information(client: Client, house: House) -> None:
    ApprovedSentence.objects.get(code="health-sensitive").approve(by="ARS", now=NOW)
    message = house.message("health", said=("health-sensitive",))
    house.signed(message, "expert", "authority").publish(by=house.mediator, now=NOW)
    assert "n’a annoncé aucun épisode" in text_of(client.get(f"/paroles/{message.pk}/"))
    house.episode()
    found = text_of(client.get(f"/paroles/{message.pk}/"))
    assert found.index("https://isere.test/1") < found.index("<h1>")


def test_no_rule_lets_health_be_written_freely() -> None:
    with pytest.raises(IntegrityError, match="health_texts_are_approved_sentences"), transaction.atomic():
        MessageRule.objects.create(
            message_class="health", version=2, valid_from=NOW, signatures=["expert"], decided_by="x"
        )


def test_a_rule_changes_only_by_a_new_version(house: House) -> None:
    for act in (
        lambda: MessageRule.objects.update(signatures=["expert"]),
        lambda: MessageRule.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    MessageRule.objects.create(
        message_class="local",
        version=2,
        valid_from=NOW + timedelta(days=1),
        signatures=["expert"],
        decided_by="CA",
    )
    assert MessageRule.in_force("local", now=NOW).version == 1
    assert MessageRule.in_force("local", now=NOW + timedelta(days=2)).version == 2


@pytest.mark.parametrize(
    ("level", "body", "contradicts"),
    [
        (None, "Pas d’épisode aujourd’hui.", False),
        ("ALERTE_N1", "Pas d’épisode aujourd’hui.", True),
        ("ALERTE_N1", "Le bassin est en alerte de niveau 1.", False),
        ("ALERTE_N1", "Fin de l’alerte ce soir.", True),
        (None, "Le bassin est en alerte.", True),
        ("IR", "Le bassin est en alerte.", True),
        ("ALERTE_N1", "Les cheminées du quartier.", False),
    ],
)
def test_a_text_that_contradicts_the_official_level_is_seen(
    house: House, level: str | None, body: str, contradicts: bool
) -> None:
    if level:
        house.episode(level)
    assert bool(find(house.message(body=body))) is contradicts


def test_a_contradiction_is_held_until_explained_and_the_log_says_so(client: Client, house: House) -> None:
    house.episode()
    message = house.signed(house.message(body="", states_level=""), "expert", "mediator")
    with pytest.raises(HeldBack) as held:
        message.publish(by=house.mediator, now=NOW)
    assert "l’autorité" in held.value.found[0].sentence
    assert client.get(f"/paroles/{message.pk}/").status_code == 404
    message.explain("Le vent a tourné dans cette vallée latérale.", by=house.mediator, now=NOW)
    message.publish(by=house.mediator, now=NOW)
    assert steps(message)[-3:] == ["held", "explained", "published"]
    assert "Le vent a tourné" in text_of(client.get(f"/paroles/{message.pk}/"))


def test_two_live_messages_of_a_zone_do_not_contradict_each_other_unexplained(house: House) -> None:
    house.episode(level="IR")
    first = house.message(body="", states_level="IR", title="Information")
    house.signed(first, "expert", "mediator").publish(by=house.mediator, now=NOW)
    Episode.objects.get().lift(now=NOW)
    second = house.signed(house.message(body="L’épisode est levé."), "expert", "mediator")
    with pytest.raises(HeldBack) as held:
        second.publish(by=house.mediator, now=NOW)
    assert "« Information »" in held.value.found[0].sentence.replace("\xa0", " ")
    first.archive(by=house.mediator, now=NOW, because="levé")
    second.publish(by=house.mediator, now=NOW)


def test_longer_phrases_hide_the_shorter_ones_inside() -> None:
    words = {"alerte": "A", "fin de l alerte": "", "alerte de niveau 2": "B"}
    assert levels_stated("Fin de l’alerte de niveau 2", words=words) in ({""}, {"B"})
    assert levels_stated("rien", words=words) == set()


def test_the_log_and_the_readings_cannot_be_deleted_or_rewritten(house: House) -> None:
    message = house.signed(house.message(), "expert")
    for act in (
        lambda: MessageStep.objects.filter(message=message).delete(),
        lambda: MessageStep.objects.filter(message=message).update(because="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_signed_group_attaches_its_reading_which_is_answered_and_stays(
    client: Client, house: House
) -> None:
    episode = house.episode()
    lead = Person.objects.create_user("velo@exemple.test", name="Nour")
    group = BorrowerGroup.objects.create(name="Cyclistes du bassin", category="association", responsible=lead)
    with pytest.raises(CharterNotSigned):
        OtherReading.attach(episode, by=lead, of=group, title="Vu du guidon", text="…", now=NOW)
    Consent.objects.create(
        person=lead, purpose="charter", is_given=True, at=NOW, way="screen", charter=Charter.current(now=NOW)
    )
    stranger = BorrowerGroup.objects.create(name="Autres", category="association", responsible=house.expert)
    with pytest.raises(PermissionError):
        OtherReading.attach(episode, by=lead, of=stranger, title="x", text="x", now=NOW)
    client.force_login(lead)
    told = {"of": f"g{group.pk}", "title": "Vu du guidon", "text": "Les carrefours d’abord.", "data_url": ""}
    assert client.post(f"/episode/{episode.pk}/lecture/", told).status_code == 302
    reading = OtherReading.objects.get()
    reading.answer(
        "Nous regarderons ces carrefours.", by=house.mediator, organisation=house.association, now=NOW
    )
    found = text_of(Client().get(f"/episode/{episode.pk}/"))
    assert "Cyclistes du bassin" in found and "Réponse de Air d’ici" in found
    with pytest.raises(DatabaseError), transaction.atomic():
        OtherReading.objects.filter(pk=reading.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        OtherReading.objects.filter(pk=reading.pk).update(text="effacé")


def test_the_rules_and_the_sentences_are_public(client: Client) -> None:
    found = text_of(client.get("/paroles/regles/"))
    assert "santé v1" in found and "autorité compétente" in found and "en attente d’approbation" in found


def test_a_sentence_that_nobody_approved_is_not_said() -> None:
    with pytest.raises(LookupError, match="health-sensitive"):
        sentences(["health-sensitive"], now=NOW)


def test_staff_writes_signs_and_publishes_by_its_pages(client: Client, house: House, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(house.mediator)
    told = {
        "message_class": "local", "organisation": house.association.pk, "title": "Rue Ampère", "zone": house.zone.pk,
        "pollutant": "", "first_day": "2026-11-20", "last_day": "2026-11-19", "body": "Le soir.", "stated": "unstated",
    }  # fmt: skip
    assert "suit le premier" in text_of(client.post("/equipe/paroles/nouveau/", told))
    assert client.post("/equipe/paroles/nouveau/", {**told, "last_day": "2026-11-20"}).status_code == 302
    message = PublicMessage.objects.get()
    address = f"/equipe/paroles/{message.pk}/"
    client.post(address, {"act": "submit"})
    client.post(address, {"act": "publish"})
    assert "Il manque une signature" in text_of(client.get(address))
    client.post(address, {"act": "sign", "quality": f"mediator:{house.association.pk}"})
    client.force_login(house.expert)
    client.post(address, {"act": "sign", "quality": f"expert:{house.association.pk}"})
    assert (
        client.post(address, {"act": "publish"}).status_code == 403
    )  # the expert signs, the mediator publishes
    client.force_login(house.mediator)
    client.post(address, {"act": "publish"})
    message.refresh_from_db()
    assert message.state == "published"
    assert client.get("/equipe/paroles/").status_code == 200


def test_health_written_freely_is_refused_by_the_form(client: Client, house: House, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(house.mediator)
    told = {
        "message_class": "health", "organisation": house.association.pk, "title": "X", "first_day": "2026-11-20",
        "last_day": "2026-11-20", "body": "Buvez du thé.", "stated": "unstated",
    }  # fmt: skip
    found = text_of(client.post("/equipe/paroles/nouveau/", told))
    assert "seulement des phrases approuvées" in found and "nomme sa zone" in found
    assert not PublicMessage.objects.exists()
