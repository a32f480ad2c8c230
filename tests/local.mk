# Unit tests: one binary a module, each linking only what its layer allows.
AM_TESTS_ENVIRONMENT = LC_ALL=C.UTF-8; export LC_ALL;
