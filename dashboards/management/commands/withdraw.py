"""`capto withdraw`: unpublish a place, with the reason that its address shows from then on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboards.models import NothingToWithdraw, Withdrawal


class Command(BaseCommand):
    help = (
        "Unpublish a place. Its hours leave pages, files and APIs; its address answers 410 with the reason, the "
        "author and the day; releases made before stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("public_id", help="the id in the address of the place's page")
        parser.add_argument("--reason", required=True, help="what the public reads")
        parser.add_argument(
            "--author", required=True, help="the role that decided, rather than a person's name"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gone = Withdrawal.objects.withdraw(
                options["public_id"], reason=options["reason"], author=options["author"], now=timezone.now()
            )
        except (NothingToWithdraw, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{gone.public_id} is withdrawn")
