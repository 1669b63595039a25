"""Twenty spellings of one mailbox are one reader, as the providers' rule rows say."""

from datetime import UTC, date, datetime

import pytest

from capto.members.models import MailProviderRule
from capto.members.models.mailbox import mailbox_of, reader_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def mailbox(address: str) -> str:
    return mailbox_of(address, rules=MailProviderRule.in_force(on=NOW.date()))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" Alice@Exemple.TEST ", "alice@exemple.test"),
        ("alice+velo@exemple.test", "alice@exemple.test"),
        ("a.lice@exemple.test", "a.lice@exemple.test"),  # no row says that this provider ignores dots
        ("a.l.i.c.e+1@gmail.com", "alice@gmail.com"),
        ("al.ice@googlemail.com", "alice@gmail.com"),
        ("+@exemple.test", "+@exemple.test"),
        ("élise@bücher.test", "élise@xn--bcher-kva.test"),
    ],
)
def test_an_address_is_read_as_its_provider_reads_it(written: str, read: str) -> None:
    assert mailbox(written) == read


@pytest.mark.parametrize("text", ["", "alice", "@exemple.test", "alice@"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no e-mail address"):
        mailbox(text)


def test_a_row_teaches_another_provider() -> None:
    assert mailbox("a.lice@courrier.test") == "a.lice@courrier.test"
    MailProviderRule.objects.create(
        domain="courrier.test",
        tag_sign="-",
        ignores_dots=True,
        valid_from=date(2026, 1, 1),
        source="its help page",
    )
    assert mailbox("a.lice-velo@courrier.test") == "alice@courrier.test"
    assert mailbox("alice+velo@courrier.test") == "alice+velo@courrier.test"


def test_the_key_of_a_reader_says_nothing_of_the_address() -> None:
    key = reader_of("alice+1@gmail.com", now=NOW)
    assert key == reader_of("A.lice@googlemail.com", now=NOW) and "alice" not in key and len(key) == 64
