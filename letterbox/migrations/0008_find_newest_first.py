"""Indexes for lists in the order of time; made while people go on working."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('letterbox', '0007_contact_forms_write_as_us'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('merged_into__isnull', True)), fields=['status', '-last_message_at', '-id'], name='conversation_newest'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('merged_into__isnull', True)), fields=['-last_message_at', '-id'], name='conversation_newest_of_all'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('merged_into__isnull', True), models.Q(('status', 'closed'), _negated=True)), fields=['mailbox'], include=('status', 'assignee', 'snoozed_until', 'is_spam'), name='conversation_unclosed'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(fields=['-received_at', '-id'], name='message_newest'),
        ),
    ]
