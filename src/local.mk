# The layers, lowest first; then the programs.
include $(srcdir)/src/base/local.mk
