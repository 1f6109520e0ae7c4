"""Email Configuration: the grid of System Mailboxes; add, copy, switch and remove one."""

from __future__ import annotations

from django.contrib import messages as flashes
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from letterbox import access
from letterbox.inbound import conversion
from letterbox.models import Health, Mailbox
from letterbox.services import copying, mailboxes, removal
from letterbox.sync import probe, setup
from letterbox.web import (
    checking,
    mailbox_draft,
    mailbox_grid,
    pending_rules,
    signing_in,
    system_nav,
)
from letterbox.web.answers import back, takes_away
from letterbox.web.doors import UserRequest
from letterbox.web.forms import (
    folder_listings,
    folder_preview,
    mailbox_folders,
    mailbox_processing,
    mailbox_servers,
)
from letterbox.web.forms.mailbox_folders import FoldersForm
from letterbox.web.forms.mailbox_general import CopyForm, NewMailboxForm
from letterbox.web.forms.mailbox_servers import ServersForm

MAY_ADD = "administer-mailboxes"


@require_GET
def system(request: UserRequest) -> HttpResponse:
    """System leads to the first page that is open to this person."""
    page = system_nav.first_page(request.user)
    if not page:
        raise access.NotAllowed
    return redirect(page)


@require_GET
def mailbox_list(request: UserRequest) -> HttpResponse:
    """The page Email Configuration with the grid; `part=rows` is the grid alone."""
    mine = access.administered_mailboxes(request.user)
    may_add = access.has_ability(request.user, MAY_ADD)
    if not may_add and not mine.exists():
        raise access.NotAllowed
    wish = _wish(request.GET)
    rows, total = mailbox_grid.rows(mine, wish)
    last_page = max(1, -(-total // mailbox_grid.PAGE_ROWS))
    context = {
        "rows": rows,
        "total": total,
        "wish": wish,
        "pages": range(1, last_page + 1),
        "may_add": may_add,
        "may_change_settings": access.has_ability(request.user, "administer-system"),
        "states": mailbox_grid.STATES,
        "actions": conversion.actions().values(),
    }
    part = "rows" if request.GET.get("part") == "rows" else "list"
    return render(request, f"system/mailboxes/{part}.html", context)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def mailbox_new(request: UserRequest) -> HttpResponse:
    """Add Mailbox: what it is called and how to reach it; more comes when it is there."""
    access.require_ability(request.user, MAY_ADD)
    wish = request.POST.get("do", "")
    if wish:
        return _to_rule(request, wish)
    data = mailbox_draft.with_password(request) if request.method == "POST" else None
    # What was typed before somebody went to write a rule.
    before = mailbox_draft.typed(request) if data is None else None
    general = NewMailboxForm(data, initial=before.dict() if before else None)
    servers = ServersForm(
        data, initial=mailbox_servers.as_typed(before) if before else None
    )
    if mailbox_draft.has_password(request):
        servers.fields["password"].help_text = _("Empty means the one typed before.")
    folders = mailbox_folders.read(
        before or request.POST, needs_one=bool(data and data.get("imap_on"))
    )
    # All are asked, so that one answer shows every error.
    if data is not None and all(
        [general.is_valid(), servers.is_valid(), folders.is_valid]
    ):
        made = mailboxes.add(by=request.user, **general.cleaned_data)
        save_servers(request, made, servers, folders)
        for problem in pending_rules.add_to(request, made):
            flashes.warning(request, problem)
        mailbox_draft.forget(request)
        return _after_adding(request, made, folders)
    context = {
        "general": general,
        "servers": servers,
        "folders": folders,
        "signing": signing_in.offer(),
        "pending_rules": pending_rules.lines(request),
        "is_first": not access.administered_mailboxes(request.user).exists(),
    }
    status = 200 if data is None else 422
    return render(request, "system/mailboxes/new.html", context, status=status)


@require_http_methods(["GET", "POST"])
def mailbox_folders_page(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Folders and processing of a new mailbox: the last page of the first run."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    data = request.POST if request.method == "POST" else None
    folders = (
        mailbox_folders.of_mailbox(found, is_new=True)
        if data is None
        else mailbox_folders.read(data, found)
    )
    action = mailbox_processing.ActionForm(
        data, initial={"action": found.processing_action}
    )
    chosen = request.POST.get("action", found.processing_action)
    options = mailbox_processing.options_form(chosen, data=data, mailbox=found)
    if data is not None and all(
        [folders.is_valid, action.is_valid(), options.is_valid()]
    ):
        mailboxes.set_processing(
            found,
            action=action.cleaned_data["action"],
            options=options.options(),
            by=request.user,
        )
        setup.save(found, endpoints={}, choices=folders.choices(), by=request.user)
        flashes.success(
            request,
            _("%(label)s is being read. Letters show here by themselves.")
            % {"label": found.label},
        )
        return redirect("inbox")
    context = {
        "mailbox": found,
        "folders": folders,
        "preview": folder_preview.preview(folders, {}),
        "action": action,
        "options": options,
    }
    status = 200 if data is None else 422
    return render(request, "system/mailboxes/folders.html", context, status=status)


@require_POST
def mailbox_switch(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """On or off; off stops reading, answering and sending at once."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    is_on = not takes_away(request)
    mailboxes.change(found, by=request.user, is_on=is_on)
    words = _("%(label)s is on.") if is_on else _("%(label)s is off.")
    flashes.success(request, words % {"label": found.label})
    return back(request, "system_mailboxes")


@require_http_methods(["GET", "POST"])
def mailbox_copy(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """A new mailbox like this one, off until somebody looked at it."""
    source = access.get_administered_mailbox(request.user, mailbox_id)
    access.require_ability(request.user, MAY_ADD)
    form = CopyForm(
        request.POST or None,
        initial={"label": _("%(label)s (copy)") % {"label": source.label}},
    )
    if form.is_valid():
        made = copying.copy(source, by=request.user, **form.cleaned_data)
        flashes.success(
            request,
            _("%(label)s is there, switched off. Type its password, tick its folders.")
            % {"label": made.label},
        )
        return redirect("mailbox", made.pk)
    context = {"mailbox": source, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "system/mailboxes/copy.html", context, status=status)


@require_http_methods(["GET", "POST"])
def mailbox_removal(request: UserRequest, mailbox_id: int) -> HttpResponse:
    """Ask what shall become of the letters, then remove the mailbox."""
    found = access.get_administered_mailbox(request.user, mailbox_id)
    access.require_ability(request.user, MAY_ADD)
    letters = request.POST.get("letters", "")
    if request.method == "POST" and letters in {"keep", "delete"}:
        removal.remove(found, keeps_letters=letters == "keep", by=request.user)
        flashes.success(request, _("%(label)s is removed.") % {"label": found.label})
        return redirect("system_mailboxes")
    context = {
        "mailbox": found,
        "letter_count": found.messages.count(),
        "case_count": found.cases.count(),
        "lead_count": found.leads.count(),
        "has_error": request.method == "POST",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "system/mailboxes/remove.html", context, status=status)


def _to_rule(request: UserRequest, wish: str) -> HttpResponse:
    """Keep what is typed, then add, change or remove one of the rules that wait."""
    if not mailbox_draft.keep(request):
        flashes.warning(request, _("Save the mailbox first; it was too much to keep."))
    verb, _colon, place = wish.partition(":")
    if verb == "remove-rule":
        pending_rules.remove(request, int(place) if _is_place(place) else -1)
        return redirect(f"{reverse('mailbox_new')}#autoresponse-rules")
    rule = reverse("pending_rule")
    return redirect(f"{rule}?place={place}" if _is_place(place) else rule)


def _is_place(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 4


def save_servers(
    request: UserRequest, found: Mailbox, servers: ServersForm, folders: FoldersForm
) -> None:
    """Store both servers and the tree; `servers` and `folders` are valid."""
    listed = folder_listings.read(folders.listings)
    setup.save(
        found,
        endpoints=servers.endpoints(found.address),
        choices=folders.choices(),
        listings=listed[0] if listed else (),
        counts=listed[1] if listed else None,
        by=request.user,
        provider=servers.cleaned_data["provider"],
        **servers.on_the_server(),
    )


def _after_adding(
    request: UserRequest, made: Mailbox, folders: FoldersForm
) -> HttpResponse:
    """On to what is missing; a mailbox is kept even while its server is away."""
    is_first = access.administered_mailboxes(request.user).count() == 1
    if folders.ticked and is_first:
        return redirect("mailbox_folders", made.pk)
    if folders.ticked:
        flashes.success(
            request,
            _("%(label)s is saved and being read. Now say what becomes of its letters.")
            % {"label": made.label},
        )
        return redirect(f"{reverse('mailbox', args=[made.pk])}#email-processing")
    if not made.connections.filter(protocol="imap").exists():
        flashes.success(request, _("%(label)s is saved.") % {"label": made.label})
        return redirect("mailbox", made.pk)
    report = probe.retrieve_folders(made)
    if report.is_good:
        return redirect("mailbox_folders", made.pk)
    flashes.warning(
        request,
        _("The mailbox is saved, but its server could not be asked: %(problem)s")
        % {"problem": checking.first_problem(report.lines)},
    )
    return redirect("mailbox", made.pk)


def _wish(query: QueryDict) -> mailbox_grid.Wish:
    page = query.get("page", "")
    sort = query.get("sort", "")
    state = query.get("state", "")
    action = query.get("action", "")
    return mailbox_grid.Wish(
        text=query.get("text", "").strip()[:200],
        state=state if state in Health.State.values else "",
        action=action if action in conversion.actions() else "",
        sort=sort if sort in mailbox_grid.SORTS else "label",
        page=int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,
    )
