"""Why a running job must stop. Neither is an error to show: the runner answers them."""


class JobCancelled(Exception):
    """Somebody asked the job to stop; raised by ``Progress.update`` and by ``fence``."""


class LeaseLost(Exception):
    """Another worker owns the job now (or it has ended): throw the work away, write nothing."""
