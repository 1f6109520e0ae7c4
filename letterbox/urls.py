"""Every address that the server answers. Addresses are nouns."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from letterbox.web import system_addresses, work_addresses
from letterbox.web.views import first_run, sign_in
from letterbox.web.views.system import people

urlpatterns: list[URLPattern | URLResolver] = [
    # how people get in
    path("first-run", first_run.first_run, name="first_run"),
    path("account/login/", sign_in.sign_in, name="account_login"),
    path("account/", include("allauth.urls")),
    path("invitation/<str:key>/<str:token>", people.invitation, name="invitation"),
    *work_addresses.urlpatterns,
    *system_addresses.urlpatterns,
]

if settings.IS_DEMO:
    urlpatterns += [path("demo/", include("letterbox.demo.views"))]
