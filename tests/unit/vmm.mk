# unit tests of vmm
