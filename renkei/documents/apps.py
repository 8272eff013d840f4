"""The app of files, office templates and number series."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Files by content, office templates, number series."""

    name = "renkei.documents"
    label = "documents"
