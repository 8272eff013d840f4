"""One module a subcommand: ``HELP``, ``add_arguments`` and ``run``."""
