# core/store: see ARCHITECTURE.md.
