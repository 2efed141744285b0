"""The platforms, on a real engine and a real ledger."""
