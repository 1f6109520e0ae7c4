"""Rules of a mailbox that is not saved yet: kept as typed in the session of one person.

Nothing of them is in the tables until the mailbox is; then each is added as if it were
typed again. Signing out forgets them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from letterbox.models import Mailbox
from letterbox.web.doors import UserRequest
from letterbox.web.forms.rules import RuleForm

_KEY = "rules-of-new-mailbox"
MOST = 20
# A session is read with every page.
MOST_CHARACTERS = 200_000
_NOT_KEPT = ("csrfmiddlewaretoken", "do", "place", "rule")


@dataclass(frozen=True, slots=True)
class Pending:
    """One line of the grid; `place` is its place among them."""

    place: int
    name: str
    is_active: bool
    template: str


def lines(request: UserRequest) -> list[Pending]:
    """The rules that wait for the mailbox, in their order."""
    return [_line(place, data) for place, data in enumerate(_typed(request))]


def typed(request: UserRequest, place: int) -> QueryDict | None:
    """What was typed in one of them; None where there is none."""
    kept = list(_typed(request))
    return kept[place] if 0 <= place < len(kept) else None


def keep(request: UserRequest, form: RuleForm, *, place: int | None) -> bool:
    """Keep a valid form, in the place of an older one or as the last.

    False where it cannot be kept; then the form says why.
    """
    data = request.POST.copy()
    for name in _NOT_KEPT:
        data.pop(name, None)
    # What was uploaded is kept already, and goes by its digest from here on.
    data.setlist("file", [f"{each.digest}:{each.name}" for each in form.words.files])
    kept = [each.urlencode() for each in _typed(request)]
    others = {each.name.casefold() for each in lines(request) if each.place != place}
    name = form.fields.cleaned_data["name"]
    if name.casefold() in others:
        form.fields.add_error(
            "name",
            _("This mailbox has a rule named “%s” already; choose another name.")
            % name,
        )
        return False
    if place is not None and place < len(kept):
        kept[place] = data.urlencode()
    else:
        kept.append(data.urlencode())
    if len(kept) > MOST or sum(map(len, kept)) > MOST_CHARACTERS:
        form.fields.add_error(
            None, _("Save the mailbox first; further rules are added on its page.")
        )
        return False
    request.session[_KEY] = kept
    return True


def remove(request: UserRequest, place: int) -> None:
    """Forget one of them; a place that is none changes nothing."""
    if place < 0:
        return
    kept = [each.urlencode() for each in _typed(request)]
    request.session[_KEY] = kept[:place] + kept[place + 1 :]


def add_to(request: UserRequest, mailbox: Mailbox) -> list[str]:
    """Add them to the mailbox, which is saved now; returns what could not be, and why."""
    problems = []
    for data in _typed(request):
        form = RuleForm(mailbox, data=data)
        if not (form.is_valid() and form.save(by=request.user)):
            reasons = " ".join(form.problems)
            problems.append(
                _("The rule “%(name)s” was not added; add it again. %(reasons)s")
                % {"name": data.get("name", ""), "reasons": reasons}
            )
    request.session.pop(_KEY, None)
    return problems


def _typed(request: UserRequest) -> Iterator[QueryDict]:
    kept = request.session.get(_KEY, [])
    return (QueryDict(each) for each in kept)


def _line(place: int, data: QueryDict) -> Pending:
    form = RuleForm(Mailbox(), data=data)
    template = form.chosen_template()
    return Pending(
        place,
        data.get("name", ""),
        bool(data.get("is_active")),
        template.name if template else _("Custom"),
    )
