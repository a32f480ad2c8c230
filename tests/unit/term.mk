# unit tests of term
