"""What is written into the audit stays as it was."""

from django.db import migrations

from core.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [append_only("core_auditentry")]
