"""The e-mail templates that come with Letterbox: to be cloned, not edited."""

from __future__ import annotations

from letterbox.models import EmailTemplate
from letterbox.services import templates
from letterbox.services.templates import Draft, Words


def seed() -> None:
    """Add those that are missing; safe to repeat."""
    for draft in SYSTEM:
        templates.add_system(draft)


SYSTEM = (
    Draft(
        name="Confirm a letter",
        entity=EmailTemplate.Entity.EMAIL,
        type=EmailTemplate.Type.PLAIN,
        subject="Re: {{ email.subject }}",
        content=(
            "Hello {{ sender.first_name | default: sender.name }},\n\n"
            "thank you for your letter. {{ mailbox.name }} has it and will answer soon.\n"
            "{% if case %}\nIts number is #{{ case.number }}.\n{% endif %}\n"
            "{{ company.name }}\n"
        ),
        translations={
            "de": Words(
                "Re: {{ email.subject }}",
                "Guten Tag {{ sender.name }},\n\n"
                "vielen Dank für Ihre Nachricht. Wir melden uns in Kürze.\n"
                "{% if case %}\nIhre Nummer ist #{{ case.number }}.\n{% endif %}\n"
                "{{ company.name }}\n",
            )
        },
    ),
    Draft(
        name="Outside business hours",
        entity=EmailTemplate.Entity.EMAIL,
        type=EmailTemplate.Type.PLAIN,
        subject="Re: {{ email.subject }}",
        content=(
            "Hello {{ sender.first_name | default: sender.name }},\n\n"
            "thank you for your letter. We are out of office now and will read it as "
            "soon as we are back.\n\n{{ company.name }}\n"
        ),
    ),
    Draft(
        name="A new case",
        entity=EmailTemplate.Entity.CASE,
        type=EmailTemplate.Type.PLAIN,
        subject="[#{{ case.number }}] {{ case.subject }}",
        content=(
            "Hello {{ sender.first_name | default: sender.name }},\n\n"
            "we have opened case #{{ case.number }} for you. Please leave the number in "
            "the subject when you write to us about it.\n\n{{ company.name }}\n"
        ),
    ),
)
