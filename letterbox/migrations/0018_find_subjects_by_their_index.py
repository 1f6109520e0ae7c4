"""One index less: the one by subject serves for the mailbox as well."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('letterbox', '0017_say_every_state_with_a_capital'),
    ]

    operations = [
        migrations.AlterField(
            model_name='conversation',
            name='mailbox',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='conversations', to='letterbox.mailbox'),
        ),
    ]
