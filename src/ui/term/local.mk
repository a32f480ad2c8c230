# ui/term: the embedded terminal. No curses; libvterm behind emu_vterm.c alone.
noinst_LIBRARIES += libterm.a
libterm_a_SOURCES = \
	src/ui/term/console.c src/ui/term/console_copy.c src/ui/term/console_view.c \
	src/ui/term/console.h src/ui/term/console_priv.h \
	src/ui/term/console_fd.c src/ui/term/console_fd.h \
	src/ui/term/console_ssh.c src/ui/term/console_ssh.h \
	src/ui/term/emu.c src/ui/term/emu_modes.c src/ui/term/emu_view.c src/ui/term/emu_vterm.c src/ui/term/emu.h src/ui/term/emu_priv.h \
	src/ui/term/grid.c src/ui/term/grid.h \
	src/ui/term/keyenc.c src/ui/term/keyenc.h \
	src/ui/term/prefix.c src/ui/term/prefix.h \
	src/ui/term/scrollback.c src/ui/term/scrollback.h \
	src/ui/term/seq.c src/ui/term/seq.h \
	src/ui/term/sgr.c src/ui/term/sgr.h
libterm_a_CPPFLAGS = $(AM_CPPFLAGS) $(VTERM_CFLAGS)

# Whoever links libterm.a links these, before GUEST_LIBS (console_ssh.c) and BASE_LIBS.
TERM_LIBS = libterm.a $(VTERM_LIBS)
