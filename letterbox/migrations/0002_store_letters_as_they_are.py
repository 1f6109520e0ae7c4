"""Keep PostgreSQL from compressing what zstd has compressed already."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("letterbox", "0001_tables")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE letterbox_rawletter ALTER COLUMN zstd SET STORAGE EXTERNAL",
            "ALTER TABLE letterbox_rawletter ALTER COLUMN zstd SET STORAGE EXTENDED",
        ),
    ]
