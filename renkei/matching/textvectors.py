"""Vectors of texts by a sentence encoder: derived, kept under model, version and hash of the text, made by the worker."""

from __future__ import annotations

from django.db import models

from renkei.base import clock


class TextVector(models.Model):
    """The vector of one text, as two bytes a number. What no entry says any more may stay: it is found by hash alone."""

    model = models.CharField(max_length=60)
    version = models.CharField(max_length=60)
    text_hash = models.CharField(max_length=64)
    vector = models.BinaryField()
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        """Once a model, version and text."""

        constraints = [models.UniqueConstraint(fields=["model", "version", "text_hash"], name="text_vector_once")]

    def __str__(self) -> str:
        return f"{self.model} {self.text_hash[:8]}"
