# unit tests of guest
