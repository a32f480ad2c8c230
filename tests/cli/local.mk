# The program's own words on stdout and stderr.
TESTS += tests/cli/run
EXTRA_DIST += tests/cli/run
