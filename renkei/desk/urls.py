"""All URLs of this face; each topic registers its own."""

from renkei.desk.answers.urls import urlpatterns as answers_urls
from renkei.desk.calendar.urls import urlpatterns as calendar_urls
from renkei.desk.cases.urls import urlpatterns as cases_urls
from renkei.desk.catalogue.urls import urlpatterns as catalogue_urls
from renkei.desk.companies.urls import urlpatterns as companies_urls
from renkei.desk.coordinators.urls import urlpatterns as coordinators_urls
from renkei.desk.exports.urls import urlpatterns as exports_urls
from renkei.desk.figures.urls import urlpatterns as figures_urls
from renkei.desk.follow_ups.urls import urlpatterns as follow_ups_urls
from renkei.desk.home.urls import urlpatterns as home_urls
from renkei.desk.intake.urls import urlpatterns as intake_urls
from renkei.desk.ladder.urls import urlpatterns as ladder_urls
from renkei.desk.learning.urls import urlpatterns as learning_urls
from renkei.desk.letters.urls import urlpatterns as letters_urls
from renkei.desk.mails.urls import urlpatterns as mails_urls
from renkei.desk.meetings.urls import urlpatterns as meetings_urls
from renkei.desk.moves.urls import urlpatterns as moves_urls
from renkei.desk.myself.urls import urlpatterns as myself_urls
from renkei.desk.notices.urls import urlpatterns as notices_urls
from renkei.desk.nudges.urls import urlpatterns as nudges_urls
from renkei.desk.openings.urls import urlpatterns as openings_urls
from renkei.desk.people.urls import urlpatterns as people_urls
from renkei.desk.plan.urls import urlpatterns as plan_urls
from renkei.desk.records.urls import urlpatterns as records_urls
from renkei.desk.register.urls import urlpatterns as register_urls
from renkei.desk.reports.urls import urlpatterns as reports_urls
from renkei.desk.routes.urls import urlpatterns as routes_urls
from renkei.desk.search.urls import urlpatterns as search_urls
from renkei.desk.triage.urls import urlpatterns as triage_urls
from renkei.desk.views.urls import urlpatterns as views_urls
from renkei.desk.wordlist.urls import urlpatterns as wordlist_urls

urlpatterns = [
    *home_urls,
    *intake_urls,
    *triage_urls,
    *cases_urls,
    *answers_urls,
    *search_urls,
    *mails_urls,
    *notices_urls,
    *calendar_urls,
    *nudges_urls,
    *register_urls,
    *plan_urls,
    *companies_urls,
    *catalogue_urls,
    *views_urls,
    *people_urls,
    *myself_urls,
    *moves_urls,
    *letters_urls,
    *exports_urls,
    *openings_urls,
    *follow_ups_urls,
    *records_urls,
    *wordlist_urls,
    *learning_urls,
    *routes_urls,
    *figures_urls,
    *reports_urls,
    *meetings_urls,
    *coordinators_urls,
    *ladder_urls,
]
