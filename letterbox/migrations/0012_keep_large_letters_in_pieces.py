"""Keep what comes behind the first half megabyte of a letter in rows of its own.

Letters that were stored whole before stay so, and are read as before.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("letterbox", "0011_count_connections")]

    operations = [
        migrations.CreateModel(
            name="RawPiece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("zstd", models.BinaryField()),
                (
                    "raw",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="further",
                        to="letterbox.rawletter",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("raw", "number"), name="one_raw_piece"
                    )
                ],
            },
        ),
        # As in 0002: zstd has compressed it already.
        migrations.RunSQL(
            "ALTER TABLE letterbox_rawpiece ALTER COLUMN zstd SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
    ]
