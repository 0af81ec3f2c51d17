"""The plan store's rows: versions, immutable blocks, one head per measure, and the ledger of edits.

State of a head, by definition: ``block ⊕ edits(base_head, (base_fold, base_rev]] ⊕ edits(head, (fold, rev]]``, later
revision wins per cell; the base part counts while the head is not detached. Months are absolute. Edits, blocks,
axes, moves and snapshots are never updated or deleted, and nothing happens under a sealed head: triggers on both
databases see to it. Only ``plans.services`` writes these tables.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from plans.choices import AxisKind, FreezeKind, MoveKind, Source, VersionKind, VersionState
from plans.cubes import MAX_CELL


class Version(models.Model):
    """A plan: the actuals, the working plan of a cycle, a scenario, an approved plan."""

    cycle = models.ForeignKey("cycles.Cycle", null=True, on_delete=models.PROTECT, related_name="versions")
    kind = models.CharField(max_length=12, choices=VersionKind)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    name = models.CharField(max_length=120)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=VersionState, default=VersionState.OPEN)
    current = models.BooleanField(default=True)  # false once a reopening put another version in its place
    snapshot_code = models.CharField(max_length=64, null=True)
    expires_at = models.DateTimeField(null=True)  # of a scenario: closed by beat after this
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        db_table = "plan_version"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=VersionKind.values), name="version_kind"),
            models.CheckConstraint(
                condition=Q(state=VersionState.FROZEN, snapshot_code__isnull=False)
                | (~Q(state=VersionState.FROZEN) & Q(snapshot_code__isnull=True)),
                name="version_frozen_has_code",
            ),
            models.UniqueConstraint(
                fields=["cycle"],
                condition=Q(kind__in=[VersionKind.WORKING, VersionKind.APPROVED], current=True),
                name="version_one_plan_per_cycle",
            ),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind=VersionKind.ACTUALS), name="version_one_actuals"),
        ]
        indexes = [models.Index(fields=["cycle", "kind"], name="version_cycle_kind")]

    def __str__(self) -> str:
        return self.name


class StoredAxis(models.Model):
    """A sorted set of key pairs, addressed by its content."""

    sha = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=16, choices=AxisKind)
    nrows = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "plan_axis"

    def __str__(self) -> str:
        return self.sha[:12]


class Block(models.Model):
    """One measure's numbers, compressed, addressed by the hash of the numbers."""

    sha = models.CharField(max_length=64, primary_key=True)
    codec = models.CharField(max_length=16)
    axis = models.ForeignKey(StoredAxis, on_delete=models.PROTECT, related_name="+")
    first_month = models.IntegerField()
    ncols = models.IntegerField()
    nrows = models.IntegerField()
    unit = models.CharField(max_length=16)
    scale = models.SmallIntegerField()
    nullable = models.BooleanField()
    raw_bytes = models.IntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "plan_block"
        constraints = [
            models.CheckConstraint(
                condition=Q(nrows__gte=0, ncols__gte=0, ncols__lte=240, scale__gte=0, scale__lte=6),
                name="block_bounds",
            )
        ]

    def __str__(self) -> str:
        return self.sha[:12]


class Head(models.Model):
    """Where a measure of a version stands. The only lock: every writer begins with a conditional UPDATE of it.

    ``base_*`` is the pinned picture of the parent that a scenario started from, kept for ever for comparing and
    merging; ``pin_rev`` and ``pin_epoch`` are the parent head's counters at that moment.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="heads", db_index=False)
    measure = models.CharField(max_length=32)
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="+")
    fold = models.BigIntegerField(default=0)
    rev = models.BigIntegerField(default=0)
    epoch = models.IntegerField(default=0)
    sealed = models.BooleanField(default=False)
    base_head = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    base_block = models.ForeignKey(Block, null=True, on_delete=models.PROTECT, related_name="+")
    base_fold = models.BigIntegerField(default=0)
    base_rev = models.BigIntegerField(default=0)
    detached = models.BooleanField(default=True)  # the block holds the base edits already
    pin_rev = models.BigIntegerField(default=0)
    pin_epoch = models.IntegerField(default=0)

    class Meta:
        db_table = "plan_head"
        constraints = [
            models.UniqueConstraint(fields=["version", "measure"], name="head_once"),
            models.CheckConstraint(condition=Q(fold__gte=0, fold__lte=F("rev")), name="head_fold"),
            models.CheckConstraint(condition=Q(base_fold__lte=F("base_rev")), name="head_base_fold"),
            models.CheckConstraint(
                condition=Q(base_head__isnull=False) | Q(base_rev=0, detached=True), name="head_base"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}.{self.measure}@{self.rev}"


class Batch(models.Model):
    """Edits that share author, time, source and reason. A save with several reasons is several linked batches."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="batches")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)
    source = models.CharField(max_length=12, choices=Source)
    reason = models.CharField(max_length=64, blank=True)
    cause = models.CharField(max_length=64, blank=True)
    comment = models.TextField(blank=True)
    ncells = models.IntegerField(default=0)
    job_id = models.BigIntegerField(null=True)
    undo_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    part_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="parts")
    client = models.CharField(max_length=32)
    idem_key = models.CharField(max_length=80)  # the caller's, at most 64, and the number of a further part
    result = models.TextField(blank=True)  # canonical JSON: the stored answer of a repeated request

    class Meta:
        db_table = "plan_batch"
        constraints = [
            models.UniqueConstraint(fields=["client", "idem_key"], name="batch_idempotency"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="batch_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.pk}"


class Edit(models.Model):
    """One changed cell. ``rev`` is dense per head and in commit order; ``after`` NULL clears the cell."""

    head = models.ForeignKey(Head, on_delete=models.PROTECT, related_name="+", db_index=False)
    rev = models.BigIntegerField()
    a_id = models.BigIntegerField()
    b_id = models.BigIntegerField()
    m = models.IntegerField()
    before = models.BigIntegerField(null=True)
    after = models.BigIntegerField(null=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="edits")

    class Meta:
        db_table = "plan_edit"
        constraints = [
            models.UniqueConstraint(fields=["head", "rev"], name="edit_rev"),
            models.CheckConstraint(
                condition=Q(after__isnull=True) | Q(after__gte=-MAX_CELL, after__lte=MAX_CELL),
                name="edit_bounds",
            ),
        ]
        indexes = [models.Index(fields=["head", "a_id", "b_id", "m", "rev"], name="edit_cell")]

    def __str__(self) -> str:
        return f"{self.head_id}@{self.rev}"


class Move(models.Model):
    """A head moved to another block: the history of bulk writes and compactions.

    ``fold`` is the revision the new block stands for; ``rev`` the head's revision when it moved. A bulk edit keeps
    its cells in two sparse blocks, what they were and what they became.
    """

    head = models.ForeignKey(Head, on_delete=models.PROTECT, related_name="moves", db_index=False)
    epoch = models.IntegerField()
    kind = models.CharField(max_length=12, choices=MoveKind)
    from_block = models.ForeignKey(Block, null=True, on_delete=models.PROTECT, related_name="+")
    to_block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="+")
    fold = models.BigIntegerField()
    rev = models.BigIntegerField()
    before_block = models.ForeignKey(Block, null=True, on_delete=models.PROTECT, related_name="+")
    after_block = models.ForeignKey(Block, null=True, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "plan_move"
        constraints = [models.UniqueConstraint(fields=["head", "epoch"], name="move_once")]

    def __str__(self) -> str:
        return f"{self.head_id} {self.kind} {self.epoch}"


class Snapshot(models.Model):
    """A frozen picture. ``code`` is the SHA-256 of ``manifest``, which lists the blocks by hash."""

    code = models.CharField(max_length=64, primary_key=True)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="snapshots")
    kind = models.CharField(max_length=1, choices=FreezeKind)
    manifest = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "plan_snapshot"
        ordering = ["at"]

    def __str__(self) -> str:
        return self.code[:12]


class SnapshotInvalidation(models.Model):
    """Says that a snapshot's step was reopened; the snapshot itself stays as it was."""

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, related_name="invalidation")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()

    class Meta:
        db_table = "plan_snapshot_invalidation"

    def __str__(self) -> str:
        return f"{self.snapshot_id[:12]} invalid"


class CellLock(models.Model):
    """A planner's lock: the cell keeps its value in edits and spreads until the lock is taken off."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="locks", db_index=False)
    measure = models.CharField(max_length=32)
    a_id = models.BigIntegerField()
    b_id = models.BigIntegerField()
    m_from = models.IntegerField()
    m_to = models.IntegerField()  # inclusive
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "plan_lock"
        constraints = [
            models.UniqueConstraint(fields=["version", "measure", "a_id", "b_id", "m_from", "m_to"], name="lock_once"),
            models.CheckConstraint(condition=Q(m_from__lte=F("m_to")), name="lock_months"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.a_id}×{self.b_id}"


class Garbage(models.Model):
    """Hashes of blocks the collector may delete; the delete trigger lets only these go."""

    sha = models.CharField(max_length=64, primary_key=True)
    marked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "plan_garbage"

    def __str__(self) -> str:
        return self.sha[:12]
