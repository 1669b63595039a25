from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

EVERYWHERE = "*"


class MailProviderRule(models.Model):
    """What one provider does with an address: rows, because providers change it and an association may know more.

    The row of the domain `*` holds for every provider without a row of its own.
    """

    domain = models.CharField(max_length=200)  # such as gmail.com; * for all others
    tag_sign = models.CharField(max_length=1, blank=True)  # what follows it in the name is ignored: name+tag
    ignores_dots = models.BooleanField(default=False)  # a.b and ab are one mailbox
    same_as = models.CharField(max_length=200, blank=True)  # another domain of the same mailboxes
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300)  # where the rule was read, or `memory`

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["domain"], condition=Q(valid_to__isnull=True), name="one_open_mail_rule_per_domain"
            ),
        ]

    def __str__(self) -> str:
        return self.domain

    @classmethod
    def in_force(cls, *, on: date) -> dict[str, "MailProviderRule"]:
        """Give the rules of a day by their domain."""
        rows = cls.objects.filter(Q(valid_to=None) | Q(valid_to__gt=on), valid_from__lte=on)
        return {row.domain: row for row in rows.order_by("valid_from")}


class SilencedReader(models.Model):
    """Someone without an account who wants no more solicitations; only the key of the mailbox is kept."""

    reader = models.CharField(max_length=64, unique=True)
    since = models.DateTimeField()


def mailbox_of(address: str, *, rules: Mapping[str, MailProviderRule]) -> str:
    """Write an address as its provider reads it, so that twenty spellings of one mailbox are one.

    Case never counts, signs and dots as the provider's rule says. Raises ValueError where it is no address.
    """
    name, _at, domain = address.strip().casefold().rpartition("@")
    domain = domain.rstrip(".")
    if not name or not domain:
        raise ValueError("no e-mail address")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError as error:
        raise ValueError("no e-mail address") from error
    rule = rules.get(domain) or rules.get(EVERYWHERE)
    if rule is not None:
        if rule.tag_sign:
            name = name.split(rule.tag_sign)[0] or name
        if rule.ignores_dots:
            name = name.replace(".", "") or name
        domain = rule.same_as or domain
    return f"{name}@{domain}"


def reader_key(mailbox: str) -> str:
    """Give the key under which a mailbox is counted and logged: nobody reads the address from it."""
    return salted_hmac("capto.members.reader", mailbox, algorithm="sha256").hexdigest()


def reader_of(address: str, *, now: datetime) -> str:
    """Give the key of the mailbox of an address, by the rules of the day; one query."""
    return reader_key(mailbox_of(address, rules=MailProviderRule.in_force(on=now.date())))


def readers_of(addresses: Iterable[str], *, now: datetime) -> list[str]:
    """Give the keys of many addresses with one query."""
    rules = MailProviderRule.in_force(on=now.date())
    return [reader_key(mailbox_of(address, rules=rules)) for address in addresses]
