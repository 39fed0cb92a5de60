"""One module a warehouse: its `connect(settings)` gives a tap_warehouse.warehouse.Warehouse."""
