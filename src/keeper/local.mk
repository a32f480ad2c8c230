# keeper: banger-keeper, the process beside each running VM (entry point keeper_main), and its start from the engine.
noinst_LIBRARIES += libkeeper.a
libkeeper_a_SOURCES = \
	src/keeper/ending.c src/keeper/ending.h \
	src/keeper/keeper.c src/keeper/keeper.h src/keeper/keeper_priv.h \
	src/keeper/launch.c \
	src/keeper/network.c src/keeper/network.h \
	src/keeper/report.c src/keeper/report.h \
	src/keeper/ringlog.c src/keeper/ringlog.h \
	src/keeper/run.c src/keeper/run.h \
	src/keeper/scope.c src/keeper/scope.h \
	src/keeper/serial.c src/keeper/serial.h \
	src/keeper/space.c src/keeper/space.h \
	src/keeper/unixsock.c src/keeper/unixsock.h

# Whoever links libkeeper.a links these, before BASE_LIBS.
KEEPER_LIBS = libkeeper.a libvmm.a libnet.a libmodel.a

# It loads no library that it does not use.
pkglibexec_PROGRAMS += banger-keeper
banger_keeper_SOURCES = src/keeper/main.c
banger_keeper_LDADD = $(KEEPER_LIBS) $(BASE_LIBS)
