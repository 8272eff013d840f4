"""The public register of corporate numbers, as far as its file was loaded. Public data: no row-level security."""

from __future__ import annotations

from django.db import models


class RegisteredNumber(models.Model):
    """One legal person of the register."""

    number = models.CharField(max_length=13, primary_key=True)
    name = models.CharField(max_length=200)
    kana = models.CharField(max_length=500, blank=True)
    postal_code = models.CharField(max_length=8, blank=True)
    municipality = models.CharField(max_length=6, blank=True)
    address = models.CharField(max_length=1000, blank=True)
    closed_on = models.DateField(null=True)
    successor = models.CharField(max_length=13, blank=True)
    updated_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
