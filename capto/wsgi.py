"""The WSGI application that the web server loads: posts of devices first, pages behind."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
pages = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402  # these need the settings

from firmware_bridge.http import in_front_of  # noqa: E402

get_resolver().url_patterns  # noqa: B018  # the views are loaded before the first reader waits for them

application = in_front_of(pages)
