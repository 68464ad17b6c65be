"""Commands of ``python -m benchmark``, one file each: ``add_arguments(parser)`` and ``main(args) -> exit code``.

The first line of a file's docstring is its summary in ``--help``.
"""
