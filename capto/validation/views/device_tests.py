"""Makers' tests: the public list, asking, one test as the public, its maker and the metrologist see it."""

from datetime import datetime, time, timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from capto.charts.scales import PARIS
from capto.members.access import requires, second_factor_is_given
from capto.members.markdown import rendered
from capto.members.models import Person
from capto.members.roles import Capability
from capto.validation.device_test_forms import (
    AskForm,
    AssignForm,
    CommentForm,
    DeclineForm,
    GiveForm,
    PlanTestForm,
    UnitForm,
    VolunteerForm,
)
from capto.validation.device_test_reports import check_file, make_report
from capto.validation.live_capture import capture
from capto.validation.models import (
    BenchFull,
    DeviceTest,
    HomeVolunteer,
    NoData,
    NotAsked,
    SensorElsewhere,
    StartsInThePast,
    TestText,
    TestUnit,
    TooEarly,
    UnitTaken,
)
from capto.validation.plain.cells import UnreadableFile
from capto.validation.plain.errors import in_words
from capto.validation.uploads import LARGEST_MB, too_large
from capto.validation.views.bench import stations

DAY = timedelta(days=1)


def listing(request: HttpRequest) -> HttpResponse:
    """List all planned, running and finished tests with their reports; one's own requests and staff's above."""
    now = timezone.now()
    person = request.user if isinstance(request.user, Person) else None
    tests = DeviceTest.objects.accepted().select_related("station").prefetch_related("quantities", "reports")
    context = {
        "tests": [(test, _state(test, now=now)) for test in tests],
        "own": DeviceTest.objects.of(person) if person else [],
        "asked": DeviceTest.objects.filter(fixed_at=None, declined_at=None).order_by("asked_at")
        if person and person.can(Capability.CALIBRATE)
        else [],
    }
    return render(request, "validation/device_test/listing.html", context)


def text(request: HttpRequest, kind: str, version: str = "") -> HttpResponse:
    """Show the protocol or the charter, the version in force or the one that is named."""
    found = TestText.objects.filter(kind=kind, published_at__lte=timezone.now())
    if version:
        found = found.filter(version=version)
    shown = found.order_by("published_at", "pk").last()
    if shown is None:
        raise Http404
    words = shown.english if get_language() == "en" else shown.french
    versions = TestText.objects.filter(kind=kind).order_by("-published_at")
    context = {"text": shown, "words": rendered(words), "versions": versions}
    return render(request, "validation/device_test/text.html", context)


@never_cache
@login_required
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a test."""
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = dict(form.cleaned_data)
        why = told.pop("not_blind")
        quantities = list(told.pop("quantities"))
        told.pop("charter")
        test = DeviceTest.ask(
            by=cast(Person, request.user), quantities=quantities, now=timezone.now(), is_blind=not why,
            why_not_blind=why, **told,
        )  # fmt: skip
        messages.success(
            request, _("Votre demande est notée. Un métrologue vous proposera une place au banc.")
        )
        return redirect("device-test", test.public_id)
    return render(request, "validation/device_test/ask.html", {"form": form})


@never_cache
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one test: to the public what is fixed and found, to its maker and staff what comes in."""
    test, now = _test(public_id), timezone.now()
    is_maker, is_staff = request.user == test.maker, _is_staff(request, test)
    if test.fixed_at is None and not (is_maker or is_staff):
        raise Http404
    organisations = cast(Person, request.user).organisations_where(Capability.CALIBRATE) if is_staff else None
    context: dict[str, Any] = {
        "test": test,
        "state": _state(test, now=now),
        "is_maker": is_maker,
        "is_staff": is_staff,
        "is_over": test.is_over(now=now),
        "reports": test.reports.select_related("property").order_by("property", "-version"),
        "volunteers": HomeVolunteer.objects.filter(test=test).by_commune() if test.wants_volunteers else [],
        "largest_mb": LARGEST_MB,
    }
    if is_maker or is_staff:
        shows = is_staff or test.shows_reference(now=now)
        context["capture"] = capture(test, now=now, with_reference=shows)
        context["give_form"] = GiveForm()
    if is_maker:
        context["comment_form"] = CommentForm(initial={"comment": test.comment})
    if is_staff and test.fixed_at is None and test.declined_at is None:
        context["plan_form"] = PlanTestForm(organisations=organisations, stations=stations())
        context["decline_form"] = DeclineForm()
    if is_staff and test.fixed_at is not None:
        context["unit_form"] = UnitForm(organisations=organisations)
        context["offers"] = (
            HomeVolunteer.objects.standing().filter(test=test).select_related("person", "unit")
        )
        context["free_units"] = test.test_units.exclude(
            volunteers__in=HomeVolunteer.objects.standing().filter(test=test)
        ).order_by("pk")
        context["assign_form"] = AssignForm(test=test)
    if test.wants_volunteers and isinstance(request.user, Person) and not is_maker:
        own = HomeVolunteer.objects.standing().filter(test=test, person=request.user).first()
        context["own_offer"] = own
        context["volunteer_form"] = VolunteerForm() if own is None else None
    return render(request, "validation/device_test/test.html", context)


@require_POST
@requires(Capability.CALIBRATE)
def plan(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give a test its station and its two periods."""
    test = _of_staff(request, public_id)
    organisations = cast(Person, request.user).organisations_where(Capability.CALIBRATE)
    form = PlanTestForm(request.POST, organisations=organisations, stations=stations())
    if form.is_valid():
        told = form.cleaned_data
        try:
            test.plan(
                organisation=told["organisation"],
                station=told["station"],
                calibration=(_start(told["calibration_starts"]), _start(told["calibration_ends"] + DAY)),
                scoring=(_start(told["scoring_starts"]), _start(told["scoring_ends"] + DAY)),
                now=timezone.now(),
            )
            messages.success(request, _("L’essai est prévu ; ses périodes ne changeront plus."))
            return redirect("device-test", public_id)
        except StartsInThePast:
            form.add_error(
                "calibration_starts", _("Les périodes se fixent avant le début : choisissez un jour à venir.")
            )
        except BenchFull:
            form.add_error("station", _("Cette station n’a pas assez de places libres pendant tout l’essai."))
        except NotAsked:
            form.add_error(None, _("Cette demande a déjà reçu sa réponse."))
    return render(request, "validation/device_test/plan.html", {"test": test, "plan_form": form}, status=422)


@require_POST
@requires(Capability.CALIBRATE)
def decline(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decline a request with its reason."""
    test, form = _of_staff(request, public_id), DeclineForm(request.POST)
    if form.is_valid():
        try:
            test.decline(why=form.cleaned_data["why"], now=timezone.now())
        except NotAsked:
            messages.error(request, _("Cette demande a déjà reçu sa réponse."))
    else:
        messages.error(request, _("Donnez une raison."))
    return redirect("device-test", public_id)


@require_POST
@requires(Capability.CALIBRATE)
def stand(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    """Say which sensor a unit is; its stay at the bench is planned."""
    test = _of_staff(request, public_id)
    unit = get_object_or_404(TestUnit.objects.select_related("test__station"), pk=pk, test=test)
    person = cast(Person, request.user)
    form = UnitForm(request.POST, organisations=person.organisations_where(Capability.CALIBRATE))
    if not form.is_valid():
        messages.error(request, _("Choisissez un capteur."))
    else:
        try:
            unit.stand(form.cleaned_data["sensor"], by=person, now=timezone.now())
            messages.success(request, _("L’exemplaire a sa place au calendrier du banc."))
        except BenchFull:
            messages.error(request, _("Toutes les places de cette station sont prises un de ces jours-là."))
        except SensorElsewhere as clash:
            messages.error(request, _("Ce capteur est déjà prévu ailleurs : %s.") % clash)
    return redirect("device-test", public_id)


@require_POST
@login_required
def give(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    """Keep a unit's file, given by its maker after the period or by staff."""
    test = _test(public_id)
    if request.user != test.maker and not _is_staff(request, test):
        raise PermissionDenied
    if too_large(request):
        return render(
            request, "validation/device_test/too_large.html", {"largest_mb": LARGEST_MB}, status=413
        )
    unit = get_object_or_404(TestUnit, pk=pk, test=test)
    form = GiveForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Choisissez un fichier."))
    elif not test.is_over(now=timezone.now()):
        messages.error(request, _("Les fichiers se déposent après la période de notation."))
    elif test.reports.exists():
        messages.error(request, _("Le rapport est publié : ses données ne changent plus."))
    else:
        file, reading = form.cleaned_data["file"], form.reading()
        content = file.read()
        try:
            found = [
                check_file(content, name=file.name, quantity=one, reading=reading)
                for one in test.quantities.all()
            ]
        except UnreadableFile as wrong:
            messages.error(request, _("Rien n’a été gardé. %s") % in_words(str(wrong)))
            return redirect("device-test", public_id)
        unit.give(content, name=file.name, now=timezone.now(), reading=reading)
        values = found[0].values.dropna()
        messages.success(
            request,
            _("Fichier reçu : %(name)s, %(n)s valeurs du %(first)s au %(last)s (UTC).")
            % {
                "name": file.name,
                "n": formats.number_format(len(values)),
                "first": formats.date_format(values.index.min(), "j F Y H:i"),
                "last": formats.date_format(values.index.max(), "j F Y H:i"),
            },
        )
    return redirect("device-test", public_id)


@require_POST
@requires(Capability.CALIBRATE)
def report(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make and publish the report of each quantity."""
    test = _of_staff(request, public_id)
    try:
        for quantity in test.quantities.all():
            make_report(test, quantity, now=timezone.now(), why=request.POST.get("why", ""))
        messages.success(request, _("Le rapport est publié, à son adresse permanente."))
    except TooEarly:
        messages.error(request, _("La période de notation n’est pas finie."))
    except NoData:
        messages.error(request, _("Il manque les mesures d’un exemplaire ou de la station."))
    except UnreadableFile as wrong:
        messages.error(request, _("Un fichier ne se lit pas : %s") % in_words(str(wrong)))
    return redirect("device-test", public_id)


@require_POST
@login_required
def comment(request: HttpRequest, public_id: str) -> HttpResponse:
    """Publish the maker's comment beside the verdict."""
    test, form = _test(public_id), CommentForm(request.POST)
    if request.user != test.maker:
        raise PermissionDenied
    if form.is_valid():
        test.say(form.cleaned_data["comment"], now=timezone.now())
        messages.success(request, _("Votre commentaire se lit avec le verdict."))
    else:
        messages.error(request, _("Écrivez un commentaire d’au plus 3 000 signes."))
    return redirect("device-test", public_id)


@require_POST
@login_required
def volunteer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Offer to try the device at home."""
    test, form = _test(public_id), VolunteerForm(request.POST)
    if not test.wants_volunteers or test.fixed_at is None:
        raise Http404
    if "withdraw" in request.POST:
        for own in HomeVolunteer.objects.filter(test=test, person=cast(Person, request.user)):
            own.withdraw(now=timezone.now())
        messages.success(request, _("Votre offre est retirée."))
    elif form.is_valid() and form.cleaned_data["commune"]:
        HomeVolunteer.offer(
            test,
            person=cast(Person, request.user),
            commune=form.cleaned_data["commune"].name,
            agreed_to=str(form.fields["agreed"].label),
            now=timezone.now(),
        )
        messages.success(
            request, _("Merci : l’association vous écrira. Le fabricant ne saura pas qui vous êtes.")
        )
    else:
        messages.error(
            request,
            _("Cochez votre accord.") if "agreed" in form.errors else _("Écrivez le nom de votre commune."),
        )
    return redirect("device-test", public_id)


@require_POST
@requires(Capability.CALIBRATE)
def assign(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    """Give a unit to a volunteer, who is written to; the loan itself is made at the desk."""
    test = _of_staff(request, public_id)
    unit = get_object_or_404(TestUnit, pk=pk, test=test)
    form = AssignForm(request.POST, test=test)
    if not form.is_valid():
        messages.error(request, _("Choisissez un volontaire."))
    else:
        try:
            form.cleaned_data["volunteer"].assign(unit, now=timezone.now())
            messages.success(request, _("La personne est prévenue. Le prêt se fait au comptoir."))
        except TooEarly:
            messages.error(request, _("Un exemplaire quitte le banc après la période de notation."))
        except UnitTaken:
            messages.error(request, _("Cet exemplaire est déjà chez quelqu’un."))
    return redirect("device-test", public_id)


def _test(public_id: str) -> DeviceTest:
    found = DeviceTest.objects.select_related("station", "maker", "charter", "protocol", "organisation")
    return get_object_or_404(found, public_id=public_id)


def _is_staff(request: HttpRequest, test: DeviceTest) -> bool:
    person = request.user
    if not isinstance(person, Person) or not second_factor_is_given(request):
        return False
    if test.organisation is None:
        return person.can(Capability.CALIBRATE)
    return person.can(Capability.CALIBRATE, within=test.organisation)


def _of_staff(request: HttpRequest, public_id: str) -> DeviceTest:
    test = _test(public_id)
    if not _is_staff(request, test):
        raise PermissionDenied
    return test


def _start(day: Any) -> datetime:
    return datetime.combine(day, time.min, PARIS)


def _state(test: DeviceTest, *, now: datetime) -> str:
    """Say in words where a test stands."""
    if test.declined_at is not None:
        return _("déclinée")
    if test.fixed_at is None or test.calibration_starts_at is None or test.scoring_starts_at is None:
        return _("demandée")
    if now < test.calibration_starts_at:
        return _("prévue")
    if now < test.scoring_starts_at:
        return _("étalonnage en cours")
    if not test.is_over(now=now):
        return _("notation en cours")
    return _("rapport publié") if test.reports.all() else _("mesures terminées, rapport à venir")
