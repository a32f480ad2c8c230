# cli: the same requests from the shell.
noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	src/cli/cli.c src/cli/cli.h \
	src/cli/client.c src/cli/client.h \
	src/cli/doctor.c \
	src/cli/image.c \
	src/cli/opts.c src/cli/opts.h \
	src/cli/progress.c src/cli/progress.h \
	src/cli/rights.c src/cli/rights.h \
	src/cli/session.c src/cli/session.h \
	src/cli/ssh_config.c \
	src/cli/verbs.h \
	src/cli/vm_life.c \
	src/cli/vm_list.c \
	src/cli/vm_logs.c \
	src/cli/vm_print.c src/cli/vm_print.h \
	src/cli/vm_run.c \
	src/cli/vm_stats.c
