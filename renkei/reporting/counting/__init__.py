"""How each figure is counted: one SQL a figure and version, which returns the records behind the number.

A text that has been published is never changed: another way of counting is another version beside it, so that what was
frozen under the first can still be counted the same way. ``tests/reporting/test_definitions.py`` holds their digests.
"""
