# core/net: see ARCHITECTURE.md.
