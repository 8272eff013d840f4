"""All URLs of this face; each topic registers its own."""

from renkei.public.answer.urls import urlpatterns as answer_urls
from renkei.public.consult.urls import urlpatterns as consult_urls
from renkei.public.guide.urls import urlpatterns as guide_urls
from renkei.public.home.urls import urlpatterns as home_urls
from renkei.public.minutes.urls import urlpatterns as minutes_urls
from renkei.public.numbers.urls import urlpatterns as number_urls
from renkei.public.plan.urls import urlpatterns as plan_urls
from renkei.public.rounds.urls import urlpatterns as round_urls
from renkei.public.search.urls import urlpatterns as search_urls

urlpatterns = [
    *home_urls,
    *guide_urls,
    *consult_urls,
    *answer_urls,
    *round_urls,
    *minutes_urls,
    *plan_urls,
    *number_urls,
    *search_urls,
]
