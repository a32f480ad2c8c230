# unit tests of keeper
