"""`python -I -m assay`: the command line, for starts that must not look at the current folder."""

from assay.cli.app import main

main()
