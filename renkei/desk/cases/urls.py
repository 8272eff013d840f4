"""URLs of desk/cases: the lists, the case page, and one page a deed."""

from django.urls import URLPattern

from renkei.accounts.again import asks_again
from renkei.base.routes import Audience, route
from renkei.desk.cases import bulk, lists, match, papers, views
from renkei.desk.cases.acts import (
    afterwards,
    answers,
    closing,
    consents,
    disclosing,
    gaps,
    holding,
    matching,
    needs,
    outside,
    secrecy,
    talk,
)
from renkei.desk.cases.acts.act import ActForm, act_view
from renkei.desk.coordinators.forms import BridgeForm, CaseLineForm
from renkei.desk.meetings.forms import PutUpForm

SEEN = "cases the body may see"
INSIDE = "cases the body runs or took"
CASE = "d/<slug:body>/case/<uuid:case>/"
ACTS: list[type[ActForm]] = [
    talk.ContactForm, talk.CorrectContactForm, talk.MessageForm, talk.FileForm, talk.SummaryForm,
    holding.NextStepForm, holding.TakeForm, holding.ReferForm, holding.HandoverForm, holding.AcceptHandoverForm,
    holding.DeclineHandoverForm, holding.RecallHandoverForm,
    needs.NeedForm, needs.ChangeNeedForm, needs.SettleNeedForm, needs.StartForm, needs.FinishForm, needs.WithdrawForm,
    needs.RecallForm,
    answers.RecordAnswerForm, answers.AnswerQuestionForm,
    consents.ConsentForm, consents.WithdrawConsentForm,
    closing.CloseForm, closing.ConfirmCloseForm, closing.ReturnCloseForm, closing.ReopenForm, closing.FeedbackForm,
    closing.MergeForm, closing.UnmergeForm,
    disclosing.PublicNeedForm, disclosing.UnlistForm, disclosing.CirculateForm, disclosing.EndCirculationForm, disclosing.CandidateForm,
    disclosing.ReplyForm, matching.MatchConsentForm, matching.MatchOfferForm, matching.MeetingForm, matching.OutcomeForm,
    secrecy.NdaForm, secrecy.MatchNdaForm, secrecy.EndNdaForm, secrecy.KeepFileForm, secrecy.KeepPassageForm,
    closing.SplitForm, closing.UnsplitForm, closing.ProjectForm, afterwards.FollowUpForm, afterwards.StopFollowUpForm, PutUpForm,
    outside.OutsideAskForm, outside.OutsideAnswerForm, outside.OutsideEndForm, outside.GiveUpForm,
    CaseLineForm, BridgeForm, gaps.GapForm,
]  # fmt: skip
# What opens a firm's words further, ends a case or decides the targets: who does it has signed in just now.
SENSITIVE: set[type[ActForm]] = {
    consents.ConsentForm, consents.WithdrawConsentForm, closing.CloseForm, closing.ConfirmCloseForm, closing.ProjectForm,
    disclosing.CirculateForm, outside.OutsideAskForm, secrecy.NdaForm, secrecy.MatchNdaForm, secrecy.KeepFileForm,
    secrecy.KeepPassageForm,
}  # fmt: skip


def _act(form: type[ActForm]) -> URLPattern:
    about = "<uuid:subject>/" if form.subject_model else ""
    view = asks_again(act_view(form)) if form in SENSITIVE else act_view(form)
    return route(f"{CASE}{form.slug}/{about}", view, name=f"desk-case-{form.slug}", audience=Audience.STAFF,
                 rule=form.rule, changes=True)  # fmt: skip


urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/cases/", lists.cases, name="desk-cases", audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/board/", lists.board, name="desk-board", audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/cases/bulk/", asks_again(bulk.bulk), name="desk-bulk", audience=Audience.STAFF, rule="cases the body runs",
          changes=True),
    route(CASE, views.case, name="desk-case", audience=Audience.STAFF, rule=SEEN),
    route(f"{CASE}sheet/", views.sheet, name="desk-case-sheet", audience=Audience.STAFF, rule=SEEN),
    route(f"{CASE}files/<uuid:file>/", views.file, name="desk-case-file-open", audience=Audience.STAFF,
          rule="files of a class the body may read"),
    route(f"{CASE}match/<uuid:need>/", match.match, name="desk-case-match", audience=Audience.STAFF, rule=INSIDE),
    route(f"{CASE}firms/<uuid:need>/", match.firms, name="desk-case-need-firms", audience=Audience.STAFF,
          rule="cases the body runs or took; firms it may see"),
    route(f"{CASE}candidate/<uuid:candidate>/", match.candidate, name="desk-candidate", audience=Audience.STAFF, rule="cases the body runs", changes=True),
    route(f"{CASE}match/<uuid:need>/xlsx/", asks_again(match.match_xlsx), name="desk-case-match-xlsx", audience=Audience.STAFF, rule=INSIDE),
    route(f"{CASE}outside-paper/<uuid:subject>/<slug:form>/", papers.paper, name="desk-case-outside-paper", audience=Audience.STAFF,
          rule="requests of cases the body holds and leads outside the region"),
    *(_act(form) for form in ACTS),
]  # fmt: skip
