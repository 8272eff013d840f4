"""Pictures of the guide: one for a wide screen, one for a telephone, made by the browser tests."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def picture(name: str, words: str) -> SafeString:
    """Return the picture of that name; ``words`` say what is to be seen on it."""
    return format_html(
        '<picture class="shot"><source media="(max-width: 480px)" srcset="{}"><img src="{}" alt="{}" loading="lazy"></picture>',
        static(f"renkei/guide/{name}-360.webp"), static(f"renkei/guide/{name}-1280.webp"), words,
    )  # fmt: skip
