"""Hostile settings for tests: what production forgives by accident fails here."""

import os

os.environ.setdefault("RENKEI_SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("RENKEI_LOGIN", "owner")
os.environ.setdefault("RENKEI_EXAMPLE", "1")

from renkei.config.settings.base import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
# Workers of a parallel run must not count each other's failed sign-ins.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
