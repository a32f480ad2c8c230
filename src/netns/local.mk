# netns: banger-netns, what is done inside the namespaces of a private network. A program of its own: who has entered a user
# namespace cannot come back, and libnftables and libnl stay out of banger-tui.
pkglibexec_PROGRAMS += banger-netns
banger_netns_SOURCES = src/netns/main.c src/netns/inside.c src/netns/inside.h
banger_netns_LDADD = $(NAT_LIBS) $(NET_LIBS) libmodel.a $(BASE_LIBS)
