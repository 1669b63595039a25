"""Whoever looks at a page in a test."""

from django.test import Client

from capto.members.models import Person


def signed_in(person: Person | None) -> Client:
    """Give the browser of a person, past the password; of nobody in particular without one."""
    client = Client()
    if person is not None:
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client
