from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Func
from django.db.models.functions import Upper

from capto.members.codes import CodeKind, new_codes
from capto.members.models.organisation import Organisation, Territory
from capto.members.roles import CAPABILITIES, Capability, Role, roles_with


class PersonManager(BaseUserManager["Person"]):
    """Find and create people; the e-mail address is compared without regard to case."""

    def named_like(self, text: str) -> "models.QuerySet[Person]":
        """List the active people whose name holds each word of `text`, whatever the accents; e-mails too."""
        found = self.filter(is_active=True)
        if "@" in text:
            return found.filter(email__iexact=text.strip())
        for word in text.split():
            found = found.annotate(plain=Plain("name")).filter(plain__contains=Plain(models.Value(word)))
        return found.order_by("name", "pk")

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """Create a person who signs in with `email`; without a password only an e-mail link opens the account."""
        person = self.model(email=self.normalize_email(email), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """Create the administrator of the instance."""
        return self.create_user(email, password, is_superuser=True, **fields)


class Plain(Func):
    """A name as one searches it: small letters, without accents (a function of the database, made by 0003)."""

    function = "members_plain"
    output_field = models.TextField()


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["password", "last_login"],
)
class Person(AbstractBaseUser, PermissionsMixin):
    """Someone known to the library. A person without internet has no e-mail and is served by staff."""

    email = models.EmailField(null=True, blank=True, unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    is_simulated = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    postal_address = models.TextField(blank=True)  # only of who borrows by post
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True)  # the commune
    language = models.CharField(max_length=2, default="fr")  # of the messages sent
    card_code = models.CharField(max_length=20, unique=True, null=True, blank=True)
    only_loan_messages = models.BooleanField(default=False)  # no message but those about an own loan
    erasure_asked_at = models.DateTimeField(
        null=True, blank=True
    )  # carried out once nothing is in their hands

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        # UPPER is what `iexact` asks for: its rows are found by this index.
        constraints = [models.UniqueConstraint(Upper("email"), name="one_person_per_email")]
        indexes = [GinIndex(OpClass(Plain("name"), name="gin_trgm_ops"), name="people_by_part_of_their_name")]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def _capabilities(self) -> dict[Capability, set[int]]:
        """Read once per instance which capability is held in which organisations (ids)."""
        held: dict[Capability, set[int]] = {}
        for role, organisation in self.staff_roles.filter(ends_at=None).values_list(
            "role", "organisation_id"
        ):
            for capability in CAPABILITIES[Role(role)]:
                held.setdefault(capability, set()).add(organisation)
        return held

    def card(self) -> str:
        """Give the code of the person's card, drawn at the first asking."""
        if self.card_code is None:
            code = new_codes(CodeKind.PERSON)[0]
            type(self).objects.filter(pk=self.pk, card_code=None).update(card_code=code)
            self.refresh_from_db(fields=["card_code"])
        return str(self.card_code)

    def confirm_email(self, *, now: datetime) -> None:
        """Note that the person reads mail at this address."""
        self.email_confirmed_at = now
        self.save(update_fields=["email_confirmed_at"])

    def correct(self, **details: Any) -> None:
        """Correct what is known of the person: name, phone, postal_address, territory, language, only_loan_messages."""
        for name, value in details.items():
            setattr(self, name, value)
        self.save(update_fields=list(details))

    def want_only_loan_messages(self) -> None:
        """Stop every message that is not about an own loan."""
        self.only_loan_messages = True
        self.save(update_fields=["only_loan_messages"])

    def ask_erasure(self, *, now: datetime) -> None:
        """Ask to be erased: the night after the last kit is back carries it out."""
        type(self).objects.filter(pk=self.pk, erasure_asked_at=None).update(erasure_asked_at=now)
        self.refresh_from_db(fields=["erasure_asked_at"])

    def want_no_erasure(self) -> None:
        """Take back the wish to be erased."""
        self.erasure_asked_at = None
        self.save(update_fields=["erasure_asked_at"])

    def become_nobody(self, name: str) -> None:
        """Empty the row of everything that names someone; it only holds what other rows stand on."""
        self.name, self.email, self.phone, self.postal_address = name, None, "", ""
        self.card_code, self.territory, self.last_login, self.email_confirmed_at = None, None, None, None
        self.is_active, self.is_superuser, self.erasure_asked_at = False, False, None
        self.set_unusable_password()
        self.save()

    def running_roles(self) -> models.QuerySet[Any]:
        """List the staff roles that the person holds now, with their organisations."""
        return self.staff_roles.filter(ends_at=None).select_related("organisation").order_by("starts_at")

    @property
    def is_staff_member(self) -> bool:
        """True where the person holds a role anywhere, or administers the instance."""
        return self.is_superuser or bool(self._capabilities)

    def can(self, capability: Capability, *, within: Organisation | None = None) -> bool:
        """True where the person holds `capability` within an organisation, or anywhere when none is named."""
        if not self.is_active:
            return False
        if self.is_superuser:
            return True
        held = self._capabilities.get(capability, set())
        return bool(held) if within is None else within.pk in held

    def organisations_where(self, capability: Capability) -> models.QuerySet[Organisation]:
        """List the organisations within which the person holds `capability`."""
        if not self.is_active:
            return Organisation.objects.none()
        if self.is_superuser:
            return Organisation.objects.all()
        return Organisation.objects.filter(
            staff_roles__person=self,
            staff_roles__ends_at=None,
            staff_roles__role__in=roles_with(capability),
        ).distinct()
