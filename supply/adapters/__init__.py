"""From a company's sheets or tables to the balancing model, and from a plan back to cubes and files.

``folder`` and ``database`` both give the same ``Sheets`` (rows by sheet name), ``assemble`` turns them into
a ``BalanceProblem``: textbook folders and the running company go one and the same way.
"""
