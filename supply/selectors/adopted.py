"""Reading what a plan adopted."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from plans.choices import VersionKind
from plans.models import Version
from supply.models import AdoptedOption
from supply.wording import Names, say_option, say_settings


def list_adopted(version: Version) -> QuerySet[AdoptedOption]:
    """Options the plan takes as given, in order of adoption; a scenario keeps what its parent had at its making."""
    own = Q(version=version)
    parent, made_at = version.parent, version.created_at
    while parent is not None:
        own |= Q(version=parent, adopted_at__lte=made_at)
        if parent.kind != VersionKind.SCENARIO and version.kind == VersionKind.SCENARIO:
            own |= Q(version__in=_forerunners(parent), adopted_at__lte=made_at)
            break
        parent = parent.parent
    return AdoptedOption.objects.filter(own).select_related("option").order_by("adopted_at", "pk")


def say_taken(version: Version, base: Version | None, names: Names) -> list[str]:
    """What a plan takes as given beyond ``base``, in words: tried settings one by one, ways out by their title."""
    taken = list_adopted(version)
    if base is not None:
        taken = taken.exclude(pk__in=[adoption.pk for adoption in list_adopted(base)])
    return [
        say_settings(option.detail, names) if option.detail else say_option(option.kind, names(option.target))
        for option in (adoption.option for adoption in taken)
    ]


def _forerunners(version: Version) -> list[int]:
    """Plans this one was reopened from."""
    found = []
    while version.parent is not None:
        version = version.parent
        found.append(version.pk)
    return found
