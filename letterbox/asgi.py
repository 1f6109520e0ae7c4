"""The web server's door: `uvicorn letterbox.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "letterbox.settings")

application = get_asgi_application()
