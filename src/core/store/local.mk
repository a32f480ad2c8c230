# store: SQLite's only door.
noinst_LIBRARIES += libstore.a
libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
libstore_a_SOURCES = \
	src/core/store/cols.c \
	src/core/store/db.c src/core/store/db.h src/core/store/db_priv.h \
	src/core/store/images.c src/core/store/images.h \
	src/core/store/jobs.c src/core/store/jobs.h \
	src/core/store/migrate.c \
	src/core/store/reserve.c src/core/store/reserve.h \
	src/core/store/resources.c src/core/store/resources.h \
	src/core/store/vms.c src/core/store/vms.h
