# unit tests of bootkit
