"""A released document is what the ERP took: it never changes."""

from django.db import migrations

from core.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("supply", "0001_initial")]
    operations = [append_only("supply_release_document")]
