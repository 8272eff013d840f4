"""The public's search over what can be had."""
