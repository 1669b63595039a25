"""The loan's state machine under any sequence of acts: what must hold, holds after each."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from capto.catalogue.models import Kit, UpkeepTicket
from capto.lending import by_post
from capto.lending.models import Act, Hold, Loan, LoanPlacement, Occupancy
from capto.lending.queue import turn
from capto.lending.refusals import Refusal
from capto.lending.undo import last_act, undo
from capto.members.models import Person
from capto.readings.models import Placement

if TYPE_CHECKING:
    from tests.lending.conftest import Library

KITS, PEOPLE = 3, 3


def _machine(library: "Library") -> type[RuleBasedStateMachine]:
    class LoanMachine(RuleBasedStateMachine):
        """Three kits, three people, any order of acts at any hour; refusals are allowed, broken rules are not."""

        @initialize()
        def open(self) -> None:
            self.savepoint = transaction.savepoint()
            self.now = library.now
            library.set_policy(loans_at_once=2)
            self.lila = library.staff()
            self.kits = [library.kit() for _n in range(KITS)]
            self.people = [library.person(postal_address="1 rue Basse") for _n in range(PEOPLE)]

        def teardown(self) -> None:
            if hasattr(self, "savepoint"):
                transaction.savepoint_rollback(self.savepoint)

        def _try(self, act: Any) -> None:
            try:
                with transaction.atomic():
                    act()
            except Refusal as refusal:
                assert refusal.what and refusal.way_out

        @rule(hours=st.integers(1, 24 * 10))
        def time_passes(self, hours: int) -> None:
            self.now += timedelta(hours=hours)

        @rule(kit=st.integers(0, KITS - 1), person=st.integers(0, PEOPLE - 1), forced=st.booleans())
        def lend(self, kit: int, person: int, forced: bool) -> None:
            override = "essai" if forced else ""
            self._try(
                lambda: library.lend(
                    self.kits[kit], self.people[person], now=self.now, by=self.lila, override=override
                )
            )

        @rule(kit=st.integers(0, KITS - 1))
        def take_back(self, kit: int) -> None:
            out = Loan.objects.open().filter(kit=self.kits[kit]).exists()
            try:
                library.take_back(self.kits[kit], now=self.now, by=self.lila)
            except Refusal:
                assert not out, "a kit that is out can always be brought back"

        @rule(kit=st.integers(0, KITS - 1), count=st.integers(0, 2))
        def count_parts(self, kit: int, count: int) -> None:
            loan = Loan.objects.filter(kit=self.kits[kit]).order_by("-pk").first()
            if loan is not None and loan.state != Loan.State.CANCELLED:
                part = self.kits[kit].accessories.get(name="collier")
                loan.count_parts({part.pk: count}, now=self.now)

        @rule(person=st.integers(0, PEOPLE - 1), first=st.integers(0, 30), days=st.integers(1, 21))
        def ask(self, person: int, first: int, days: int) -> None:
            starts = (self.now + timedelta(days=first)).date()
            self._try(
                lambda: library.hold(
                    self.people[person], starts, starts + timedelta(days=days), now=self.now, by_post=True
                )
            )

        @rule(data=st.data())
        def cancel_hold(self, data: st.DataObject) -> None:
            holds = list(Hold.objects.order_by("pk"))
            if holds:
                hold = data.draw(st.sampled_from(holds))
                self._try(lambda: hold.cancel(now=self.now))

        @rule(kit=st.integers(0, KITS - 1))
        def renew(self, kit: int) -> None:
            loan = Loan.objects.open().filter(kit=self.kits[kit]).first()
            if loan is not None:
                self._try(lambda: loan.renew(now=self.now))

        @rule(kit=st.integers(0, KITS - 1), other=st.integers(0, KITS - 1))
        def swap(self, kit: int, other: int) -> None:
            loan = Loan.objects.open().filter(kit=self.kits[kit]).first()
            if loan is not None:
                self._try(lambda: loan.swap(self.kits[other], now=self.now, reason="panne"))

        @rule(kit=st.integers(0, KITS - 1), days=st.integers(1, 40))
        def extend(self, kit: int, days: int) -> None:
            loan = Loan.objects.open().filter(kit=self.kits[kit]).first()
            if loan is not None:
                until = self.now.date() + timedelta(days=days)
                self._try(lambda: loan.renew(now=self.now, until=until, by=self.lila, override="école"))

        @rule(kit=st.integers(0, KITS - 1))
        def lose(self, kit: int) -> None:
            loan = Loan.objects.open().filter(kit=self.kits[kit]).first()
            if loan is not None:
                self._try(lambda: loan.lose(now=self.now, reason="volé", by=self.lila))

        @rule(kit=st.integers(0, KITS - 1))
        def find_again(self, kit: int) -> None:
            missing = Kit.objects.filter(pk=self.kits[kit].pk, state=Kit.State.MISSING).first()
            if missing is not None:
                missing.set_state(Kit.State.ACTIVE)

        @rule(data=st.data())
        def post_a_held_kit(self, data: st.DataObject) -> None:
            holds = list(Hold.objects.filter(by_post=True).order_by("pk"))
            if holds:
                hold = data.draw(st.sampled_from(holds))
                self._try(lambda: by_post.send(hold, now=self.now, by=self.lila))

        @rule(kit=st.integers(0, KITS - 1), back=st.booleans())
        def a_parcel_moves(self, kit: int, back: bool) -> None:
            loan = Loan.objects.open().filter(kit=self.kits[kit]).first()
            if loan is not None:
                moves = by_post.note_posted_back if back else by_post.note_arrival
                self._try(lambda: moves(loan, now=self.now, by=self.lila))

        @rule()
        def undo(self) -> None:
            self._try(
                lambda: undo(
                    last_act(by=self.lila, point=library.point, now=self.now),
                    by=self.lila,
                    now=self.now,
                    entry="desk",
                )
            )

        @rule(kit=st.integers(0, KITS - 1))
        def mend(self, kit: int) -> None:
            for ticket in UpkeepTicket.objects.open().filter(kit=self.kits[kit]):
                ticket.advance(UpkeepTicket.Stage.MENDED, by=None, now=self.now)

        @rule()
        def queues_turn(self) -> None:
            turn(now=self.now)

        @invariant()
        def every_open_loan_has_its_occupancy_and_its_open_placements(self) -> None:
            if not hasattr(self, "kits"):
                return
            for loan in Loan.objects.open():
                occupancy = Occupancy.objects.get(loan=loan)
                assert occupancy.kit_id == loan.kit_id
                standing = LoanPlacement.objects.filter(loan=loan, placement__ends_at=None)
                assert {t.placement.sensor_id for t in standing} == {s.pk for s in loan.kit.sensors.all()}

        @invariant()
        def the_database_agrees(self) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

        @invariant()
        def a_parcel_goes_comes_and_goes_back_in_this_order(self) -> None:
            for loan in Loan.objects.all():
                steps = [loan.posted_at, loan.arrived_at, loan.posted_back_at]
                told = [step for step in steps if step is not None]
                assert told == sorted(told)

        @invariant()
        def a_lost_kit_is_lent_and_put_aside_to_nobody(self) -> None:
            missing = Kit.objects.filter(state=Kit.State.MISSING)
            assert not Loan.objects.open().filter(kit__in=missing).exists()
            assert not Occupancy.objects.filter(kit__in=missing, hold__isnull=False).exists()

        @invariant()
        def a_closed_loan_has_no_open_placement(self) -> None:
            closed = LoanPlacement.objects.exclude(loan__state=Loan.State.OPEN)
            assert not closed.filter(placement__ends_at=None).exists()

        @invariant()
        def no_placement_is_open_without_a_loan(self) -> None:
            assert not Placement.objects.filter(ends_at=None, loan_placement=None).exists()

        @invariant()
        def a_ready_hold_and_only_a_ready_hold_has_an_occupancy_of_its_kit(self) -> None:
            ready = set(Hold.objects.filter(state=Hold.State.READY).values_list("pk", "kit"))
            assert ready == set(Occupancy.objects.filter(hold__isnull=False).values_list("hold", "kit"))

        @invariant()
        def every_loan_ends_on_an_open_day(self) -> None:
            assert all(library.point.is_open_on(loan.due_on) for loan in Loan.objects.open())

        @invariant()
        def nobody_holds_a_kit_that_an_act_does_not_tell_of(self) -> None:
            lent = Act.objects.filter(kind=Act.Kind.LEND, refused="", undone_at=None).values("loan")
            assert not Loan.objects.open().exclude(pk__in=lent).exists()

        @invariant()
        def people_and_kits_are_all_there(self) -> None:
            if hasattr(self, "kits"):
                assert Kit.objects.filter(pk__in=[k.pk for k in self.kits]).count() == KITS
                assert Person.objects.filter(pk__in=[p.pk for p in self.people]).count() == PEOPLE

    return LoanMachine


@pytest.mark.django_db
def test_no_sequence_of_acts_breaks_a_rule(library: "Library") -> None:
    assert connection.in_atomic_block
    run_state_machine_as_test(
        _machine(library),
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking with a database takes minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
