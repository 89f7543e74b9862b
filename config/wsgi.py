"""The entry point for a WSGI server: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django = get_wsgi_application()

# Only now can anything of ours be imported.
from config.news import headers  # noqa: E402
from predictions.express import Express  # noqa: E402

application = Express(django, more_headers=headers)
