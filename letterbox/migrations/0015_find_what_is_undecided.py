"""An index for To decide; made while people go on working."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("letterbox", "0014_ask_about_open_matters")]

    operations = [
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(
                    ("merged_into__isnull", True),
                    models.Q(("undecided", ""), _negated=True),
                ),
                fields=["mailbox", "-last_message_at", "-id"],
                name="conversation_undecided",
            ),
        ),
    ]
