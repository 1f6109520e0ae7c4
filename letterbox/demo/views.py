"""Write as a customer, and read the customer's own pretend inbox.

Only in the demo: urls.py includes these addresses when LETTERBOX_DEMO is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext_lazy as _

from letterbox.demo import accounts, world
from letterbox.imap import errors, sessions, values
from letterbox.imap.uid_sets import UidSet
from letterbox.imap.utf7 import INBOX
from letterbox.mime import parse
from letterbox.mime.letter import Address, Letter

NEWEST = 20


class CustomerForm(forms.Form):
    """A letter from outside; `answers` is the Message-ID of a letter it replies to."""

    name = forms.CharField(label=_("Your name"), initial="Nora Nilsen", max_length=100)
    email = forms.EmailField(label=_("Your address"), initial="nora@customer.example")
    to = forms.ChoiceField(
        label=_("To"),
        choices=[(each, each) for each in (accounts.SUPPORT, accounts.SALES)],
    )
    subject = forms.CharField(
        label=_("Subject"), initial="My order has not arrived", max_length=300
    )
    text = forms.CharField(
        label=_("Letter"),
        widget=forms.Textarea(attrs={"rows": 6}),
        initial="Hello,\n\nI ordered two weeks ago and nothing has come.\n\nNora",
    )
    answers = forms.CharField(required=False, max_length=998, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class Received:
    """A letter in the customer's inbox."""

    uid: int
    letter: Letter


@login_not_required
def write(request: HttpRequest) -> HttpResponse:
    """The form; sending goes by SMTP to the pretend server.

    The addresses `email` and `answers` in the query make it a reply to a letter in
    that customer's inbox.
    """
    form = CustomerForm(request.POST or None, initial=_first_words(request))
    if request.method == "POST" and form.is_valid():
        written = form.cleaned_data
        answered = _find(written["email"], written["answers"])
        world.send_letter(
            smtp_port=settings.DEMO_SMTP_PORT,
            author=Address(written["email"], written["name"]),
            to=written["to"],
            subject=written["subject"],
            text=written["text"],
            in_reply_to=answered.message_id if answered else "",
            references=(*answered.references, answered.message_id) if answered else (),
        )
        return redirect("demo-customer", written["email"])
    return render(
        request, "demo/write.html", {"form": form}, status=422 if form.errors else 200
    )


@login_not_required
def customer(request: HttpRequest, email: str) -> HttpResponse:
    """What the customer has in the inbox; the list asks for itself every second."""
    letters = read_inbox(email)
    newest = letters[0].uid if letters else 0
    is_fragment = request.headers.get("HX-Request") == "true"
    if is_fragment and request.GET.get("newest") == str(newest):
        # Nothing is new: what one reads or points at stays as it is.
        return HttpResponse(status=204)
    return render(
        request,
        "demo/letters.html" if is_fragment else "demo/inbox.html",
        {"email": email, "letters": letters, "newest": newest},
    )


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


def visitor(request: HttpRequest) -> dict[str, Any]:
    """Context processor: how to sign in, for somebody who tries the demo."""
    return {"demo": {"people": accounts.PEOPLE, "password": accounts.SIGN_IN_PASSWORD}}


def _first_words(request: HttpRequest) -> dict[str, str]:
    """What stands in the form before anybody types: a reply quotes its letter."""
    email = request.GET.get("email", "")
    letter = _find(email, request.GET.get("answers", ""))
    if letter is None:
        return {"email": email} if email else {}
    named = [each.name for each in letter.to if each.email == email and each.name]
    quote = "\n".join(f"> {line}".rstrip() for line in letter.text.splitlines())
    is_answer = letter.subject.lower().startswith("re:")
    return {
        "name": named[0] if named else email.partition("@")[0].title(),
        "email": email,
        "to": letter.author.email,
        "subject": letter.subject if is_answer else f"Re: {letter.subject}",
        "text": f"\n\n{letter.author} wrote:\n{quote}\n",
        "answers": letter.message_id,
    }


def _find(email: str, message_id: str) -> Letter | None:
    """A letter in a customer's inbox, or None."""
    if not email or not message_id:
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
