# core/guest: see ARCHITECTURE.md.
