"""The desk with real keys in a real browser on a real server: scans, clicks and pages counted, the network cut."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from capto.lending.models import Act, Loan
from capto.members.codes import CodeKind, write_code
from capto.members.models import BorrowerGroup, Person
from tests.lending.conftest import Library, library  # noqa: F401  the fixture

PASSWORD = "un-mot-de-passe-long"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


class Desk:
    """Someone at a desk with a scanner, who counts what they do."""

    def __init__(self, context: Any, site: str, expect: Callable[[Any], Any]) -> None:
        self.context, self.site, self.expect_of = context, site, expect
        self.page: Any = context.new_page()
        self.scans = self.clicks = self.pages = 0
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("load", lambda _page: self._loaded())

    def _loaded(self) -> None:
        self.pages += 1

    def open(self) -> None:
        self.page.goto(self.site + "/comptoir/")
        self.page.locator("#desk[data-ready]").wait_for()

    def scan(self, code: str, *, delay_ms: float = 4) -> None:
        """Type as a scanner does: fast keys, then Enter."""
        self.scans += 1
        self.page.keyboard.type(code, delay=delay_ms)
        self.page.keyboard.press("Enter")

    def expect(self, words: str) -> None:
        self.expect_of(self.page.locator("#desk-line")).to_contain_text(words, timeout=15_000)

    def at(self, selector: str) -> Any:
        """Expect something of what a selector finds."""
        return self.expect_of(self.page.locator(selector))


@pytest.fixture
def desk(
    library: Library,  # noqa: F811
    chromium: Any,
    live_server: Any,
    settings: Any,
    expect: Callable[[Any], Any],
) -> Iterator[Desk]:
    """A librarian signed in at the desk."""
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()
    client = Client()
    client.force_login(library.staff())
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    desk = Desk(context, live_server.url, expect)
    desk.open()
    yield desk
    assert desk.problems == []
    context.close()


def test_three_kits_are_lent_with_four_scans_no_click_and_one_page(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    library.set_policy(loans_at_once=3)
    alice, kits = library.person(), [library.kit() for _n in range(3)]
    desk.scan(alice.card())
    desk.expect("Alice")
    for kit in kits:
        desk.scan(kit.code)
        desk.expect(f"{kit.code} prêté à Alice")
    assert (desk.scans, desk.clicks, desk.pages) == (4, 0, 1)
    assert Loan.objects.open().count() == 3
    desk.page.keyboard.press("Escape")
    desk.expect("Prêt pour la personne suivante")
    for kit in kits:
        desk.scan(kit.code)
        desk.expect(f"{kit.code} rendu par Alice")
    assert not Loan.objects.open().exists() and desk.pages == 1


def test_a_scan_is_caught_wherever_the_focus_is(desk: Desk, library: Library) -> None:  # noqa: F811
    library.set_policy(loans_at_once=5)
    alice, kits = library.person(), [library.kit() for _n in range(3)]
    desk.page.locator("footer a, .masthead a").first.focus()
    desk.scan(alice.card())
    desk.expect("Alice")
    desk.page.locator("#desk-form button[value=parts]").focus()
    desk.scan(kits[0].code)
    desk.expect(f"{kits[0].code} prêté")
    desk.page.evaluate("document.activeElement.blur()")
    desk.scan(kits[1].code)
    desk.expect(f"{kits[1].code} prêté")
    desk.at("#desk-code").to_be_focused()
    desk.at("#desk-code").to_have_value("")
    assert Act.objects.exclude(kind="lend").count() == 1  # the card: no button was pressed by a scan


def test_scans_faster_than_the_answers_are_each_done_once_in_order(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    library.set_policy(loans_at_once=9)
    alice, kits = library.person(), [library.kit() for _n in range(6)]
    desk.scan(alice.card(), delay_ms=0)
    for kit in kits:
        desk.scan(kit.code, delay_ms=0)
    desk.expect(f"{kits[-1].code} prêté à Alice")
    assert Loan.objects.open().count() == 6 and Act.objects.count() == 7
    assert list(Loan.objects.order_by("pk").values_list("kit", flat=True)) == [kit.pk for kit in kits]


def test_the_network_is_cut_after_the_third_of_eight_scans_and_no_scan_is_lost(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    library.set_policy(loans_at_once=9)
    alice, kits = library.person(), [library.kit() for _n in range(4)]
    alice.card()
    desk.scan(alice.card())
    desk.scan(kits[0].code)
    desk.scan(kits[1].code)
    desk.expect(f"{kits[1].code} prêté")
    desk.context.set_offline(True)
    desk.scan(kits[2].code)
    desk.expect("Gardé (1)")
    desk.scan(kits[3].code)
    desk.scan(write_code(CodeKind.COMMAND, 3))  # done
    desk.scan(kits[0].code)
    desk.scan(kits[1].code)
    desk.expect("Gardé (5)")
    desk.at("#desk-network").to_contain_text("Hors ligne")
    assert Act.objects.count() == 3 and desk.scans == 8
    desk.context.set_offline(False)
    desk.at("#desk-line").to_contain_text(f"{kits[1].code} rendu par Alice", timeout=15_000)
    desk.at("#desk-network").to_be_hidden()
    acts = list(Act.objects.order_by("pk").values_list("kind", "kit__code"))
    assert acts == [
        ("scan", None),
        ("lend", kits[0].code),
        ("lend", kits[1].code),
        ("lend", kits[2].code),
        ("lend", kits[3].code),
        ("scan", None),
        ("return", kits[0].code),
        ("return", kits[1].code),
    ]
    assert Act.objects.values("key").distinct().count() == 8
    assert Loan.objects.open().count() == 2
    assert all(act.at <= act.noted_at for act in Act.objects.all())


def test_an_answer_lost_on_the_way_back_does_nothing_twice(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    """shelf#2924: the server did it, the answer was lost, the client asks again."""
    alice, kit = library.person(), library.kit()
    desk.scan(alice.card())
    desk.expect("Alice")
    lost: list[str] = []

    def lose(route: Any) -> None:
        route.fetch()  # the server does it
        lost.append(route.request.post_data)
        route.abort()

    desk.page.route("**/comptoir/geste/", lose, times=2)
    desk.scan(kit.code)
    desk.at("#desk-line").to_contain_text(f"{kit.code} prêté à Alice", timeout=15_000)
    assert len(lost) == 2 and Loan.objects.count() == 1 and Act.objects.count() == 2


def test_what_was_kept_survives_a_closed_window(desk: Desk, library: Library) -> None:  # noqa: F811
    alice, kit = library.person(), library.kit()
    desk.scan(alice.card())
    desk.expect("Alice")
    desk.context.set_offline(True)
    desk.scan(kit.code)
    desk.expect("Gardé (1)")
    desk.page.close()
    desk.context.set_offline(False)
    desk.page = desk.context.new_page()
    desk.open()
    desk.expect(f"{kit.code} prêté à Alice")


def test_a_session_that_ended_keeps_the_scans_until_one_signs_in_again(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    alice, kit = library.person(), library.kit()
    desk.scan(alice.card())
    desk.expect("Alice")
    cookies = desk.context.cookies()
    desk.context.clear_cookies(name="sessionid")
    desk.scan(kit.code)
    desk.at("#desk-network").to_contain_text("reconnectez-vous")
    assert not Loan.objects.exists()
    desk.context.add_cookies([cookie for cookie in cookies if cookie["name"] == "sessionid"])
    desk.open()
    desk.expect(f"{kit.code} prêté à Alice")


def test_a_refusal_is_overridden_and_a_gesture_undone_with_keys_alone(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    bruno, kit = library.person("Bruno", may_borrow=False), library.kit()
    library.train(bruno)
    right = bruno.borrowing_rights.get()
    right.revoke(because="essai", now=timezone.now())
    desk.scan(bruno.card())
    desk.scan(kit.code)
    desk.expect("n’a pas accepté la charte")
    desk.page.keyboard.press("F4")
    desk.expect("Charte 1 signée par Bruno")
    desk.scan(kit.code)
    desk.expect("n’a pas suivi la formation")
    desk.at("#desk-rule").to_have_text("Règle générale")
    desk.page.keyboard.press("F8")
    desk.page.keyboard.type("formé ce matin", delay=120)
    desk.page.keyboard.press("Enter")
    desk.expect(f"{kit.code} prêté à Bruno")
    act = Act.objects.get(kind="lend")
    assert (act.overridden, act.reason) == ("TrainingMissing", "formé ce matin")
    desk.page.keyboard.press("F9")
    desk.expect("Prêt annulé")
    assert Loan.objects.get().state == "cancelled" and (desk.clicks, desk.pages) == (0, 1)


def test_what_is_missing_from_the_box_is_said_with_arrows_and_space(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    kit = library.kit()
    library.lend(kit, library.person())
    desk.scan(kit.code)
    desk.expect(f"{kit.code} rendu par Alice")
    desk.at("#desk-parts input").to_have_count(3)
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Space")
    desk.page.keyboard.press("Enter")
    desk.expect("il manque chargeur (1)")
    assert kit.accessories.get(name="chargeur").missing == 1
    assert not kit.accessories.exclude(name="chargeur").filter(missing__gt=0).exists()


def test_all_present_is_one_key(desk: Desk, library: Library) -> None:  # noqa: F811
    kit = library.kit()
    library.lend(kit, library.person())
    desk.scan(kit.code)
    desk.expect("rendu")
    desk.page.keyboard.press("Enter")
    desk.expect("tout y est")
    assert Loan.objects.get().state == "checked"


def test_a_name_is_typed_by_hand_and_chosen_with_arrows(desk: Desk, library: Library) -> None:  # noqa: F811
    library.person("Élodie Roy")
    library.person("Bruno Roy")
    desk.page.keyboard.type("roy", delay=150)
    desk.page.keyboard.press("Enter")
    desk.expect("2 personnes trouvées")
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    desk.expect("Élodie Roy")


def test_the_desk_fits_a_telephone_and_breaks_no_rule_of_accessibility(
    desk: Desk,
    library: Library,  # noqa: F811
    settings: Any,
) -> None:
    desk.page.set_viewport_size({"width": 360, "height": 740})
    desk.scan(library.person().card())
    desk.expect("Alice")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 360
    axe = (settings.BASE_DIR / "capto/static/vendor/axe-core/axe.js").read_text()
    desk.page.evaluate(axe)
    found = desk.page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    assert [violation["id"] for violation in found["violations"]] == []


def test_staff_sign_in_in_two_steps_and_land_on_the_desk(
    library: Library,  # noqa: F811
    chromium: Any,
    live_server: Any,
    settings: Any,
    expect: Callable[[Any], Any],
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    lila = library.staff()
    lila.set_password(PASSWORD)
    lila.save()
    device = TOTPDevice.objects.create(user=lila, name="téléphone", confirmed=True)
    page = chromium.new_context(locale="fr-FR").new_page()
    page.goto(live_server.url + "/comptoir/")
    page.get_by_label("Adresse e-mail").fill(str(Person.objects.get(pk=lila.pk).email))
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Code à six chiffres").fill(f"{totp(device.bin_key):06}")
    page.keyboard.press("Enter")
    expect(page.locator("#desk-line")).to_have_text("Scannez une carte ou un kit")
    assert re.search(r"/comptoir/$", page.url)
    page.context.close()


def test_who_came_for_a_class_is_one_key_and_one_scan_and_lending_asks_nothing(
    desk: Desk,
    library: Library,  # noqa: F811
) -> None:
    teacher, parent = library.person("Aurore"), library.person("Basile")
    group = BorrowerGroup.objects.create(responsible=teacher, name="CM2", category="school", size=24)
    library.hold(teacher, library.day(0), library.day(10), group=group, by_post=True)
    kit = library.kit()
    desk.scan(teacher.card())
    desk.expect("Aurore")
    desk.scan(kit.code)
    desk.expect(f"{kit.code} prêté à CM2")
    assert (desk.scans, desk.clicks) == (2, 0)
    desk.page.keyboard.press("F6")
    desk.expect("Qui est venu ?")
    desk.scan(parent.card())
    desk.expect("Venu chercher\u00a0: Basile")
    assert Loan.objects.get().collected_by == "Basile"
    desk.at("#desk-person").to_have_text("Aurore")
