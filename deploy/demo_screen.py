"""Print the demo's one screen: where to look, as whom, how to stop. `demo_screen.py ADDRESS RUN_FOLDER`."""

import os
import sys

import django
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

LINE = "─" * 78
PAGES = (  # what it is, the name of its address
    ("Public page", "home"),
    ("Open data", "open-data"),
    ("Sign in", "sign-in"),
    ("The desk", "desk"),
    ("Devices", "diagnoses"),
    ("Status", "status"),
    ("My loans", "my-loans"),
    ("Pledges", "pledges"),
)


def main(address: str, folder: str) -> None:
    """Print the screen; the accounts are made where they are missing."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    django.setup()
    from django.conf import settings

    from capto.members.demo_accounts import RealPeopleLiveHere, make_demo_accounts

    print(f"\n{LINE}\n Capto is running. Everything it shows is simulated.\n")
    for title, name in PAGES:
        try:
            print(f"   {title:<14}{address}{reverse(name)}")
        except NoReverseMatch:  # not in this version
            continue
    print()
    try:
        for account in make_demo_accounts(now=timezone.now()):
            print(f"   {account.role:<22}{account.email:<32}{account.password}")
        if settings.STAFF_SECOND_FACTOR:
            print("   Staff need a code as well: capto demo-accounts --codes")
    except RealPeopleLiveHere:
        print("   This database has real people: no demo account was made.")
    print(
        f"\n   Stop with Ctrl-C. deploy/demo continues, deploy/demo --fresh starts over.\n   Logs: {folder}/log/"
    )
    print(LINE)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
