# unit tests of disk
