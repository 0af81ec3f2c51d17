"""Actions: who asked, who does, who follows up, by when (R-016)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from meetings.choices import ActionState

_USER = settings.AUTH_USER_MODEL


class ActionItem(models.Model):
    """Something somebody has promised. ``followed_in`` is the cycle that follows it now; it moves with the roll.

    It may answer one ``assumption``, or one deviation: a product and an org of any level in a closed month.
    """

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="actions_raised")
    followed_in = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="actions")
    meeting = models.ForeignKey("meetings.Meeting", null=True, on_delete=models.SET_NULL, related_name="actions")
    decision = models.ForeignKey("meetings.Decision", null=True, on_delete=models.SET_NULL, related_name="actions")
    assumption = models.ForeignKey("demand.Assumption", null=True, on_delete=models.SET_NULL, related_name="actions")
    deviation_product = models.ForeignKey("masterdata.Product", null=True, on_delete=models.CASCADE, related_name="+")
    deviation_org = models.ForeignKey("masterdata.Org", null=True, on_delete=models.CASCADE, related_name="+")
    deviation_month = models.IntegerField(null=True)
    title = models.CharField(max_length=200)
    initiator = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="actions")
    follower = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    due = models.DateField()
    state = models.CharField(max_length=12, choices=ActionState, default=ActionState.OPEN)
    result = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["due", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ActionState.values), name="action_state"),
            models.CheckConstraint(
                condition=Q(deviation_product__isnull=True, deviation_org__isnull=True, deviation_month__isnull=True)
                | Q(
                    deviation_product__isnull=False,
                    deviation_org__isnull=False,
                    deviation_month__isnull=False,
                    assumption__isnull=True,
                ),
                name="action_answers_one",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ActionState.DONE, ActionState.VERIFIED]) | Q(done_at__isnull=False),
                name="action_done_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=ActionState.VERIFIED) | Q(verified_by__isnull=False, verified_at__isnull=False),
                name="action_verified_has_author",
            ),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("owner")), name="action_verifier"
            ),
            models.CheckConstraint(
                condition=~Q(state=ActionState.CANCELLED) | ~Q(result=""), name="action_cancelled_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.title
