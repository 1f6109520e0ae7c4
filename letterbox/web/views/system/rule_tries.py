"""What a rule would do, before it does: on past mail, on one letter, as a test to me.

All of them take the form as it is typed, and keep nothing of it.
"""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from letterbox import access
from letterbox.inbound import previewing
from letterbox.mime.letter import Address
from letterbox.models import AutoresponseRule, Mailbox, Message
from letterbox.services import notices, trials
from letterbox.web import trial_report
from letterbox.web.doors import UserRequest
from letterbox.web.forms.rules import RuleForm
from letterbox.web.views.system.rules import form_context

PERIODS = {"week": 7, "month": 30, "quarter": 91, "year": 365}


@require_POST
def rule_trials(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Try it on past mail; a worker does, and the answer refreshes itself."""
    form = _form(request, mailbox_id)
    if not form.is_valid():
        return _again(request, form)
    days = PERIODS.get(request.POST.get("period", ""))
    since = timezone.now() - timedelta(days=days) if days else None
    trial = trials.ask(form.mailbox, by=request.user, rule=form.row(), since=since)
    return _shown(request, trial.pk)


@require_POST
def processing_trials(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Ask how many past letters a processing action would have converted."""
    mailbox = access.get_administered_mailbox(request.user, mailbox_id)
    days = PERIODS.get(request.POST.get("period", ""), 30)
    since = timezone.now() - timedelta(days=days)
    trial = trials.ask(mailbox, by=request.user, rule=None, since=since)
    return _shown(request, trial.pk)


@require_GET
def trial(request: UserRequest, trial_id: int) -> HttpResponse:
    """How far it is, and what has been found so far."""
    found = access.get_trial(request.user, trial_id)
    context = {
        "trial": found,
        "report": trial_report.read(found, access.messages(request.user)),
    }
    template = "_trial" if request.htmx else "trial"
    return render(request, f"system/rules/{template}.html", context)


@require_POST
def answer_previews(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """The answer to a letter one may read, or to a made-up one, byte for byte."""
    form = _form(request, mailbox_id)
    made = previewing.preview(
        form.mailbox, form.draft(), message=_letter(request, form.mailbox)
    )
    context = {
        "preview": made,
        "bytes": made.shown_bytes,
        "mailbox": form.mailbox,
    }
    template = "_preview" if request.htmx else "preview"
    return render(request, f"system/rules/{template}.html", context)


@require_POST
def test_letters(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Send me a test: the answer goes to the person who asks, and nowhere else."""
    form = _form(request, mailbox_id)
    message_id = notices.new_message_id(form.mailbox)
    made = previewing.preview(
        form.mailbox,
        form.draft(),
        message=_letter(request, form.mailbox),
        to=Address(request.user.email, request.user.name),
        message_id=message_id,
    )
    said = made.problem
    if not said:
        notices.send_test(
            form.mailbox,
            raw=made.raw,
            message_id=message_id,
            subject=made.subject,
            to=request.user,
        )
        said = _("A test is on its way to %(address)s.") % {
            "address": request.user.email
        }
    context = {"said": said, "is_good": not made.problem, "mailbox": form.mailbox}
    template = "_test" if request.htmx else "test"
    return render(request, f"system/rules/{template}.html", context)


def _form(request: UserRequest, mailbox_id: int) -> RuleForm:
    mailbox = access.get_administered_mailbox(request.user, mailbox_id)
    return RuleForm(
        mailbox,
        rule=_stored(request, mailbox),
        data=request.POST,
        uploads=request.FILES,
    )


def _stored(request: UserRequest, mailbox: Mailbox) -> AutoresponseRule | None:
    """The stored rule that is being edited, if there is one."""
    rule_id = request.POST.get("rule", "")
    if not rule_id.isdecimal():
        return None
    found = access.get_rule(request.user, int(rule_id))
    if found.mailbox_id != mailbox.pk:
        raise access.NotFound
    return found


def _letter(request: UserRequest, mailbox: Mailbox) -> Message | None:
    """The letter that was chosen; who sets a mailbox up need not be able to read it."""
    chosen = request.POST.get("letter", "")
    if not chosen.isdecimal():
        return None
    found = access.get_message(request.user, int(chosen))
    if found.mailbox_id != mailbox.pk:
        raise access.NotFound
    return found


def _again(request: UserRequest, form: RuleForm) -> HttpResponse:
    """What is wrong with the form: as a list beside the button, or on the whole page."""
    if request.htmx:
        return render(request, "system/rules/_wrong.html", {"form": form})
    context = form_context(request, form)
    return render(request, "system/rules/rule.html", context, status=422)


def _shown(request: UserRequest, trial_id: int) -> HttpResponse:
    if request.htmx:
        return trial(_as_get(request), trial_id)
    return redirect("trial", trial_id)


def _as_get(request: UserRequest) -> UserRequest:
    request.method = "GET"
    return request
