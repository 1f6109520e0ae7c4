"""Count the attempts at processing a message."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("letterbox", "0002_store_letters_as_they_are")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="tries",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
