"""What people do: log, bridge, report."""
