"""A worker of the outbox as a process of its own: sends what waits at a moment until nothing waits, and ends.

python outbox_worker.py 2026-11-20T12:00:00+00:00
"""

import os
import sys
from datetime import datetime

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "capto.settings"
    django.setup()
    from django.core.mail.utils import DNS_NAME

    from capto.members.messages import send_waiting
    from capto.members.models import Message

    DNS_NAME._fqdn = f"worker-{os.getpid()}"  # the mail server learns from its greeting whom to kill
    now = datetime.fromisoformat(sys.argv[1])
    while Message.objects.waiting(now=now).exclude(channel="paper").exists():
        send_waiting(now=now, most=400)
