# core/vmm: see ARCHITECTURE.md.
