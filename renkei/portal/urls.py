"""All URLs of this face; each topic registers its own."""

from renkei.portal.firm.urls import urlpatterns as firm_urls
from renkei.portal.join.urls import urlpatterns as join_urls
from renkei.portal.partner.urls import urlpatterns as partner_urls
from renkei.portal.status.urls import urlpatterns as status_urls

urlpatterns = [
    *status_urls,
    *join_urls,
    *firm_urls,
    *partner_urls,
]
