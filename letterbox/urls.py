"""Every address that the server answers. Addresses are nouns."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from letterbox.web import people_addresses, system_addresses, work_addresses

urlpatterns: list[URLPattern | URLResolver] = [
    *people_addresses.urlpatterns,
    path("account/", include("allauth.urls")),
    *work_addresses.urlpatterns,
    *system_addresses.urlpatterns,
]

if settings.IS_DEMO:
    urlpatterns += [path("demo/", include("letterbox.demo.views"))]
