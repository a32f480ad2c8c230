# core/engine: see ARCHITECTURE.md.
