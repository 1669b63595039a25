"""`capto demo-accounts`: simulated accounts to look around with."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_otp.oath import totp

from capto.members.demo_accounts import RealPeopleLiveHere, make_demo_accounts


class Command(BaseCommand):
    help = (
        "Make simulated accounts, one per role, and print their passwords. They are derived from the secret key "
        "of this installation: the same at each start, different everywhere else. With --codes, the second "
        "factor's code of this moment is printed too. Refused where real people have accounts."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
        parser.add_argument(
            "--codes", action="store_true", help="print the second factor's codes of this moment"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            accounts = make_demo_accounts(now=timezone.now())
        except RealPeopleLiveHere as error:
            raise CommandError(
                "This instance has people who are not simulated: no demo account was made."
            ) from error
        if options["verbosity"] == 0:  # passwords stay out of logs
            return
        if options["json"]:
            self.stdout.write(json.dumps([account._asdict() for account in accounts], ensure_ascii=False))
            return
        for account in accounts:
            line = f"{account.email:30} {account.password:16} {account.role}"
            if account.otp_secret and options["codes"]:
                line += f"  code {self._code(account.otp_secret)}"
            self.stdout.write(line)
        if settings.STAFF_SECOND_FACTOR:
            self.stdout.write(
                "Staff pages ask for a code: `capto demo-accounts --codes` prints those of this moment."
            )
        else:
            self.stdout.write("The staff's second factor is switched off on this demo.")

    @staticmethod
    def _code(secret: str) -> str:
        from base64 import b32decode

        return f"{totp(b32decode(secret)):06}"
