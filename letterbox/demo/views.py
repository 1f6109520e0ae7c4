"""Write as a customer, and read the customer's own pretend inbox.

Only in the demo: urls.py includes these addresses when LETTERBOX_DEMO is on.
"""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from letterbox.demo import accounts, world
from letterbox.imap import errors, sessions, values
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX
from letterbox.mime import parse
from letterbox.mime.letter import Address, Letter

NEWEST = 20


class CustomerForm(forms.Form):
    """A letter from outside."""

    name = forms.CharField(label="Your name", initial="Nora Nilsen", max_length=100)
    email = forms.EmailField(label="Your address", initial="nora@customer.example")
    to = forms.ChoiceField(
        label="To",
        choices=[(each, each) for each in (accounts.SUPPORT, accounts.SALES)],
    )
    subject = forms.CharField(
        label="Subject", initial="My order has not arrived", max_length=300
    )
    text = forms.CharField(
        label="Letter",
        widget=forms.Textarea(attrs={"rows": 6}),
        initial="Hello,\n\nI ordered two weeks ago and nothing has come.\n\nNora",
    )


@dataclass(frozen=True, slots=True)
class Received:
    """A letter in the customer's inbox."""

    uid: int
    letter: Letter


@login_not_required
def write(request: HttpRequest) -> HttpResponse:
    """The form; sending goes by SMTP to the pretend server."""
    form = CustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answers = _find(form.cleaned_data["email"], request.POST.get("answers", ""))
        world.send_letter(
            smtp_port=settings.DEMO_SMTP_PORT,
            author=Address(form.cleaned_data["email"], form.cleaned_data["name"]),
            to=form.cleaned_data["to"],
            subject=form.cleaned_data["subject"],
            text=form.cleaned_data["text"],
            in_reply_to=answers.message_id if answers else "",
            references=(*answers.references, answers.message_id) if answers else (),
        )
        return redirect("demo-customer", form.cleaned_data["email"])
    return render(
        request, "demo/write.html", {"form": form}, status=422 if form.errors else 200
    )


@login_not_required
def customer(request: HttpRequest, email: str) -> HttpResponse:
    """What the customer has in the inbox; the list refreshes itself."""
    template = (
        "demo/letters.html" if request.headers.get("HX-Request") else "demo/inbox.html"
    )
    return render(request, template, {"email": email, "letters": read_inbox(email)})


def read_inbox(email: str) -> list[Received]:
    """The newest letters of an address on the pretend server, newest first."""
    server = sessions.Server(
        "127.0.0.1", settings.DEMO_IMAP_PORT, sessions.Encryption.NONE
    )
    try:
        with sessions.connect(server) as session:
            session.log_in(values.Password(email.lower(), accounts.MAIL_PASSWORD))
            session.examine(INBOX)
            newest = sorted(session.search("ALL"))[-NEWEST:]
            return [
                Received(outcome.uid, parse.parse_letter(outcome.raw))
                for outcome in session.fetch_letters(UidSet.of(newest))
                if isinstance(outcome, values.FetchedLetter)
            ][::-1]
    except errors.LoginRefused:
        # The pretend server makes an account with the first letter to it.
        return []


def _find(email: str, message_id: str) -> Letter | None:
    if not message_id:
        return None
    return next(
        (
            each.letter
            for each in read_inbox(email)
            if each.letter.message_id == message_id
        ),
        None,
    )


urlpatterns = [
    path("", write, name="demo-write"),
    path("<str:email>", customer, name="demo-customer"),
]
