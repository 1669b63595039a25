"""The WSGI application that the web server loads: posts of devices first, pages behind."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
pages = get_wsgi_application()

from firmware_bridge.http import in_front_of  # noqa: E402  # it needs the settings

application = in_front_of(pages)
