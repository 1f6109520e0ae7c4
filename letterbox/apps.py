"""The one Django app: no migration knots between apps."""

from django.apps import AppConfig


class LetterboxConfig(AppConfig):
    """Everything in one app, named once."""

    name = "letterbox"
    verbose_name = "Letterbox"
