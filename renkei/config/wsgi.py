"""WSGI entry point."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from renkei.matching import warming  # noqa: E402  it needs Django

warming.soon()
