# ui: the console. Curses stands behind screen.c and input.c alone; everything else paints on a canvas.
noinst_LIBRARIES += libui.a
libui_a_SOURCES = \
	src/ui/action.c src/ui/action.h src/ui/actions.def \
	src/ui/app.c src/ui/app_key.c src/ui/app_paint.c src/ui/app_prune.c src/ui/app_tell.c src/ui/app_vm.c src/ui/app.h src/ui/app_priv.h \
	src/ui/canvas.c src/ui/canvas.h \
	src/ui/consoles.c src/ui/consoles.h \
	src/ui/help.c src/ui/help.h \
	src/ui/hist.c src/ui/hist.h \
	src/ui/input.c src/ui/input.h \
	src/ui/key.c src/ui/key.h \
	src/ui/keymap.c src/ui/keymap.h \
	src/ui/layout.c src/ui/layout.h \
	src/ui/prompt.c src/ui/prompt.h \
	src/ui/screen.c src/ui/screen.h \
	src/ui/script.c src/ui/script.h \
	src/ui/status.c src/ui/status.h \
	src/ui/style.c src/ui/style.h \
	src/ui/text.c src/ui/text.h \
	src/ui/ui.c src/ui/ui.h \
	src/ui/view.h \
	src/ui/world.c src/ui/world_checks.c src/ui/world_dir.c src/ui/world_parts.c src/ui/world.h \
	src/ui/views/activity.c \
	src/ui/views/consoles.c \
	src/ui/views/create.c \
	src/ui/views/host.c src/ui/views/host_checks.c src/ui/views/host.h \
	src/ui/views/images.c \
	src/ui/views/import.c src/ui/views/import_name.c src/ui/views/import_paint.c src/ui/views/import_path.c src/ui/views/import_purpose.c src/ui/views/import.h \
	src/ui/views/job_parts.c src/ui/views/job_parts.h src/ui/views/job_why.c src/ui/views/job_why.h \
	src/ui/views/kernels.c \
	src/ui/views/objects.c src/ui/views/objects.h \
	src/ui/views/table.c src/ui/views/table.h \
	src/ui/views/views.c src/ui/views/views.h \
	src/ui/views/vm_cells.c src/ui/views/vm_cells.h \
	src/ui/views/vm_detail.c src/ui/views/vm_log.c \
	src/ui/views/vms.c src/ui/views/vms_list.c src/ui/views/vms.h \
	src/ui/widgets/chart.c src/ui/widgets/chart.h \
	src/ui/widgets/columns.c src/ui/widgets/list.c src/ui/widgets/list.h \
	src/ui/widgets/command.c src/ui/widgets/command.h \
	src/ui/widgets/dialog.c src/ui/widgets/dialog.h \
	src/ui/widgets/edit.c src/ui/widgets/edit.h \
	src/ui/widgets/form.c src/ui/widgets/form.h \
	src/ui/widgets/page.c src/ui/widgets/page.h
libui_a_CPPFLAGS = $(AM_CPPFLAGS) $(NCURSES_CFLAGS)

# Whoever links libui.a links these, before BASE_LIBS, and libengine.a for the words of requests and jobs.
UI_LIBS = libui.a $(TERM_LIBS) $(GUEST_LIBS) libmodel.a $(NCURSES_LIBS)
