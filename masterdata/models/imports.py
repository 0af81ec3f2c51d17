"""An import on its way: the files as they came, what is wrong, what was mended by hand.

Nothing of a batch reaches the tables of the company before its commit, and the commit reads and checks the files
again, so a killed process leaves a batch to try again and no half import.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from masterdata.choices import ImportState


class ImportBatch(models.Model):
    """One upload of one or more files. ``report`` holds counts, sheets and the preview of what would change."""

    name = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=ImportState, default=ImportState.UPLOADED)
    encoding = models.CharField(max_length=12, blank=True)
    since = models.BigIntegerField(default=0)  # the master data revision the sender knew
    round = models.PositiveIntegerField(default=1)  # grows with every check asked for
    report = models.JSONField(default=dict)
    rejected = models.BinaryField(default=bytes)  # rows left out by the last check, zstd of JSON
    digest = models.CharField(max_length=64, blank=True)  # of the changes shown in the preview
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "import batches"
        constraints = [models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state")]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class ImportFile(models.Model):
    """A file as it was sent, compressed."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()  # zstd

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "name"], name="import_file_once")]

    def __str__(self) -> str:
        return self.name


class ImportFinding(models.Model):
    """One remark of the last check; the sentence is made from code and params in the reader's language."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="findings")
    sheet = models.CharField(max_length=80)
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=64)
    code = models.CharField(max_length=40)
    severity = models.CharField(max_length=8)
    value = models.CharField(max_length=120)
    params = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["batch", "severity", "id"], name="import_finding_page")]

    def __str__(self) -> str:
        return f"{self.sheet} {self.row} {self.column} {self.code}"


class ImportFix(models.Model):
    """The text typed on the page instead of a cell's own."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="fixes")
    sheet = models.CharField(max_length=80)
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=64)
    value = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "import fixes"
        constraints = [models.UniqueConstraint(fields=["batch", "sheet", "row", "column"], name="import_fix_once")]

    def __str__(self) -> str:
        return f"{self.sheet} {self.row} {self.column}"
