# core/image: see ARCHITECTURE.md.
