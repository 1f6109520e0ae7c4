"""Labels only: no row changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('letterbox', '0016_note_servers_that_fell_back'),
    ]

    operations = [
        migrations.AlterField(
            model_name='case',
            name='status',
            field=models.CharField(choices=[('open', 'Open'), ('in-progress', 'In progress'), ('resolved', 'Resolved'), ('closed', 'Closed')], default='open', max_length=11),
        ),
        migrations.AlterField(
            model_name='health',
            name='state',
            field=models.CharField(choices=[('connecting', 'Connecting'), ('live', 'Live'), ('polling', 'Polling'), ('backing-off', 'Backing off'), ('needs-attention', 'Needs attention'), ('off', 'Off')], default='connecting', max_length=16),
        ),
        migrations.AlterField(
            model_name='healthevent',
            name='state',
            field=models.CharField(choices=[('connecting', 'Connecting'), ('live', 'Live'), ('polling', 'Polling'), ('backing-off', 'Backing off'), ('needs-attention', 'Needs attention'), ('off', 'Off')], max_length=16),
        ),
    ]
