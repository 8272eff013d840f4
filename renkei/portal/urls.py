"""All URLs of this face; each topic registers its own."""

from renkei.portal.status.urls import urlpatterns as status_urls

urlpatterns = [
    *status_urls,
]
