"""The rows of the supply room, one module a noun."""

from supply.models.releases import Release, ReleaseAck, ReleaseDocument

__all__ = ["Release", "ReleaseAck", "ReleaseDocument"]
