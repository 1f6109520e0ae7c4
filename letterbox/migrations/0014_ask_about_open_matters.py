"""Keep with a conversation what people have to decide: is it about an open matter?"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("letterbox", "0013_count_what_is_agreed")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="undecided",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=4
            ),
        ),
    ]
