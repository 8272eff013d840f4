"""連携: runs a regional support consortium as one seamless desk."""

__version__ = "0.1.0"
