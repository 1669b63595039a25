"""The WSGI application that the web server loads: posts of devices first, pages behind."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
os.environ.setdefault("CAPTO_WEB_CONNECTIONS", "16")
pages = get_wsgi_application()

from dashboards.before_readers import make_once  # noqa: E402  # these need the settings
from firmware_bridge.http import in_front_of  # noqa: E402

make_once(pages)
gc.collect()
gc.freeze()  # what is loaded now stays: no collection walks through it again while a reader waits

application = in_front_of(pages)
