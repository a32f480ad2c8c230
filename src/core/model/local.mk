# model: plain data and pure rules, no I/O.
noinst_LIBRARIES += libmodel.a
libmodel_a_SOURCES = \
	src/core/model/egress.c src/core/model/egress.h \
	src/core/model/eta.c src/core/model/eta.h \
	src/core/model/image.h \
	src/core/model/name.c src/core/model/name.h \
	src/core/model/ociref.c src/core/model/ociref.h \
	src/core/model/published.c src/core/model/published.h \
	src/core/model/size.c src/core/model/size.h \
	src/core/model/spec.c src/core/model/spec.h \
	src/core/model/stats.h \
	src/core/model/vm.c src/core/model/vm.h \
	src/core/model/vm_state.c src/core/model/vm_state.h
