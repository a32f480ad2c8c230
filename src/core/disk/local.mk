# core/disk: see ARCHITECTURE.md.
