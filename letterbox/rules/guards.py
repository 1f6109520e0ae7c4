"""What forbids an automatic answer, whatever the rules say: the registry of guards.

Guards are code and always on. Each has a name, a sentence and a test that gives the
reason why not, or nothing. A guard refuses (no answer) or holds (an administrator
decides). Two things can overrule a guard, and it says so itself:

* a person who trusts the sender: lifts `overridden_by_trust` guards, which exist
  because senders look suspicious. Never those that stop loops and repetitions: kinds
  that no person writes, our own addresses, history, answers already given, and the
  budgets of conversation, domain and mailbox;
* a mailbox that waives it: only `is_waivable` guards.

That a letter is older than a rule is no guard: it says that this rule does not apply,
and the next one may. The engine looks at it. Nothing here looks at conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache

from letterbox.mime.letter import Address
from letterbox.rules import budgets
from letterbox.rules.budgets import Scope
from letterbox.rules.facts import FolderRole
from letterbox.rules.questions import (
    Guard,
    Question,
    Reason,
    Say,
    Settings,
    is_muted,
    is_trusted,
)

__all__ = ["GUARDS", "Say", "Settings", "guard", "is_usable"]

GUARDS: dict[str, Guard] = {}


def guard(
    name: str,
    sentence: str,
    *,
    says: Say = Say.REFUSE,
    is_about_rule: bool = False,
    overridden_by_trust: bool = False,
    is_waivable: bool = False,
) -> Callable[[Callable[[Question], Reason]], Callable[[Question], Reason]]:
    """Register a guard under a name that traces and settings use."""

    def register(test: Callable[[Question], Reason]) -> Callable[[Question], Reason]:
        GUARDS[name] = Guard(
            name,
            sentence,
            test,
            says,
            is_about_rule,
            overridden_by_trust,
            is_waivable,
        )
        return test

    return register


# What a person's word can lift: a shop, a web form, a scanner or a list may still
# carry a person's question. Bounces, replies of machines, receipts and our own mail
# never do, and answering them is how loops begin (RFC 3834, section 2). Names that are
# not known here count as machines.
TRUSTABLE_KINDS = frozenset(
    {"human", "list", "bulk", "system-address", "notification", "calendar", "spam"}
)
TRUSTABLE_REFUSALS = frozenset(
    {"not-a-person", "suppressed-by-sender", "list-or-bulk", "system-address", "spam"}
)
# Refusals that another guard looks at with more knowledge, so that trust or a waiver
# can lift that guard alone.
_REFUSALS_OF_OTHERS = {
    "our-own": "own-address",
    "not-addressed-to-us": "not-addressed",
    "sender-not-proven": "authentication-failed",
    "no-sender": "no-recipient",
}


@guard(
    "machine", "Bounces, receipts, machines' replies and our own mail get no answer."
)
def machine(question: Question) -> Reason:
    """A kind or a mark of mail that must never be answered, trusted or not."""
    facts = question.facts
    marks = [
        sentence
        for name, sentence in facts.refusals
        if name not in TRUSTABLE_REFUSALS and name not in _REFUSALS_OF_OTHERS
    ]
    if facts.kind not in TRUSTABLE_KINDS:
        marks.insert(0, f"This is {facts.kind} mail.")
    return " ".join(marks)


@guard(
    "not-a-person",
    "Only letters that a person wrote to us are answered.",
    overridden_by_trust=True,
)
def not_a_person(question: Question) -> Reason:
    """A list, a notice, a role address; a person can overrule this."""
    facts = question.facts
    marks = [text for name, text in facts.refusals if name in TRUSTABLE_REFUSALS]
    if facts.kind in TRUSTABLE_KINDS and facts.kind != "human":
        marks.insert(0, f"This is {facts.kind} mail.")
    if not marks and not facts.may_answer and not facts.refusals:
        marks = ["It must not be answered by machine."]
    return " ".join(marks)


@guard("own-address", "Letterbox never answers one of its own addresses.")
def own_address(question: Question) -> Reason:
    """The answer would go to us, or the letter says that it is from us.

    A colleague who writes to a mailbox is one of us too; trust lets them be answered.
    Mail that a mailbox of ours sent is a kind of its own, and `machine` stops it.
    """
    facts = question.facts
    keys = _keys(facts.own_addresses + facts.mailbox_addresses)
    recipient = facts.recipient.email
    if budgets.key(recipient) in keys:
        return f"{recipient} is one of our own addresses."
    if is_trusted(question):
        return ""
    author = facts.author.email
    if budgets.key(author) in keys:
        return f"It was written as {author}, which is one of our own addresses."
    return _refusal_of(question, "own-address")


@guard(
    "not-addressed",
    "Only letters that were addressed to this mailbox are answered.",
    is_waivable=True,
)
def not_addressed(question: Question) -> Reason:
    """RFC 3834, section 2: no answer where we stand in none of the address fields."""
    facts = question.facts
    named = [each.email for each in facts.to + facts.cc]
    ours = _keys(facts.mailbox_addresses)
    if any(budgets.key(each) in ours for each in (*named, *facts.delivered_to)):
        return ""
    return (
        "This mailbox stands in none of To, Cc, Delivered-To and X-Original-To; the "
        "letter came by blind copy, a list or a forwarding."
    )


@guard("history", "Letters from before the mailbox was connected are not answered.")
def history(question: Question) -> Reason:
    """First imports and re-reads of a folder bring letters that are nobody's news."""
    if question.facts.is_history:
        return "It came with the import of older mail."
    return ""


_SILENT_FOLDERS: Mapping[FolderRole, str] = {
    FolderRole.SENT: "sent mail",
    FolderRole.DRAFTS: "drafts",
    FolderRole.JUNK: "junk",
    FolderRole.TRASH: "deleted mail",
}


@guard("folder", "Sent, drafts, junk and trash are not answered.")
def folder(question: Question) -> Reason:
    """The folder says that nobody waits for an answer."""
    words = _SILENT_FOLDERS.get(question.facts.folder_role)
    return f"It lies in the folder of {words}." if words else ""


@guard("too-old", "Letters that waited too long are not answered by machine.")
def too_old(question: Question) -> Reason:
    """A restored backup or a moved mailbox brings old letters under new numbers."""
    waited = question.now - question.facts.received_at
    if waited <= question.settings.oldest:
        return ""
    return (
        f"The server took it {budgets.describe(timedelta(days=waited.days))} ago; "
        f"the limit is {budgets.describe(question.settings.oldest)}."
    )


@guard(
    "authentication-failed",
    "Letters with a forged sender are not answered.",
    overridden_by_trust=True,
)
def authentication_failed(question: Question) -> Reason:
    """An answer to a forged sender is spam to someone who never wrote (backscatter).

    DMARC decides where it says anything; else SPF, unless a DKIM signature holds.
    """
    refusal = _refusal_of(question, "authentication-failed")
    if refusal:
        return refusal
    results: dict[str, set[str]] = {}
    for method, result in question.facts.authentication:
        results.setdefault(method.lower(), set()).add(result.lower())
    dmarc = results.get("dmarc", set())
    if "pass" in dmarc:
        return ""
    if "fail" in dmarc:
        return "Our server says that the sender is forged (DMARC fail)."
    failed = results.get("spf", set()) & {"fail", "softfail"}
    if failed and "pass" not in results.get("dkim", set()):
        return f"Our server says that the sender is forged (SPF {min(failed)})."
    return ""


@guard("no-recipient", "An answer needs one address that can be written to.")
def no_recipient(question: Question) -> Reason:
    """Reply-To and From are missing or are no address."""
    address = question.facts.recipient
    if is_usable(address):
        return ""
    return "There is no address that an answer could go to."


@guard("muted", "Senders whom someone muted are not answered.")
def muted(question: Question) -> Reason:
    """The author or the one who would get the answer is on the list."""
    return "Someone muted this sender." if is_muted(question) else ""


@guard(
    "already-answered",
    "A letter gets its automatic answer once, whatever happens.",
    is_about_rule=True,
)
def already_answered(question: Question) -> Reason:
    """The letter, or a second copy of it, has an answer from an earlier run."""
    facts = question.facts
    # However old and whatever its fate: who discarded an answer wants no second one.
    for past in question.past:
        if past.message == facts.message:
            return "It has its automatic answer already."
        is_twin = facts.message_id and past.message_id == facts.message_id
        if is_twin and budgets.is_same_person(past, question.asked):
            return "Another copy of it has its automatic answer already."
    return ""


@guard("breaker-open", "An open breaker holds every answer.", says=Say.HOLD)
def breaker_open(question: Question) -> Reason:
    """Somebody, or too many answers, stopped the automatic answers of this mailbox."""
    if question.settings.breaker_is_open:
        return "The automatic answers of this mailbox are held until someone lets go."
    return ""


@guard(
    "sender-budget",
    "A sender gets only so many automatic answers.",
    is_about_rule=True,
    overridden_by_trust=True,
)
def sender_budget(question: Question) -> Reason:
    """Sliding windows over all answers to this sender."""
    return _spent(question, Scope.SENDER)


@guard(
    "conversation-budget",
    "A conversation gets only so many automatic answers.",
    is_about_rule=True,
)
def conversation_budget(question: Question) -> Reason:
    """Sliding windows over all answers in this conversation."""
    return _spent(question, Scope.CONVERSATION)


@guard(
    "domain-budget",
    "A domain gets only so many automatic answers; more are held.",
    says=Say.HOLD,
    is_about_rule=True,
)
def domain_budget(question: Question) -> Reason:
    """Sliding windows over all answers to this domain."""
    return _spent(question, Scope.DOMAIN)


@guard(
    "mailbox-budget",
    "A mailbox sends only so many automatic answers; more are held.",
    says=Say.HOLD,
    is_about_rule=True,
)
def mailbox_budget(question: Question) -> Reason:
    """The breaker: sliding windows over all answers of this mailbox."""
    return _spent(question, Scope.MAILBOX)


def is_usable(address: Address) -> bool:
    """Whether an answer can be sent there: RFC 5321, section 4.5.3.1, in plain form."""
    local_part, at, domain = address.email.rpartition("@")
    if not at or not 1 <= len(local_part) <= 64 or not 1 <= len(domain) <= 255:
        return False
    # The blank is the only space that counts as printable.
    if " " in address.email or not address.email.isprintable():
        return False
    return not set("<>,;\"'()") & set(domain) and ".." not in domain


# The same for nearly all letters of a mailbox.
@lru_cache(maxsize=1_000)
def _keys(addresses: tuple[str, ...]) -> frozenset[str]:
    return frozenset(budgets.key(each) for each in addresses)


def _refusal_of(question: Question, guard: str) -> Reason:
    """The sentence of the classification's refusal that this guard looks after."""
    if not question.facts.refusals:
        return ""
    return " ".join(
        sentence
        for name, sentence in question.facts.refusals
        if _REFUSALS_OF_OTHERS.get(name) == guard
    )


def _spent(question: Question, scope: Scope) -> Reason:
    counted = question.counted
    for budget in question.settings.budgets:
        # Fewer answers than the limit have not spent it, whomever they went to.
        if budget.scope is not scope or len(counted) < budget.limit:
            continue
        balance = budgets.count(budget, counted, question.asked, question.now)
        if balance.free_at is not None:
            return (
                f"{balance.spent} automatic answers went out in the last "
                f"{budgets.describe(budget.period)}; the limit is {budget.limit}. "
                f"The next one fits at {balance.free_at:%Y-%m-%d %H:%M %Z}."
            )
    return ""
