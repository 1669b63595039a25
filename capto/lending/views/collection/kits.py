"""The collection: finding kits, adding one, printing labels, taking lists away."""

import csv
from collections.abc import Iterable, Iterator
from typing import cast

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.catalogue.kit_import import export_kits, safe_cell
from capto.catalogue.labels import Label, accessory_label, command_labels, kit_label, labels_pdf
from capto.catalogue.models import Accessory, Kit, LendingPoint, SensorInAnotherKit, Transfer, UpkeepTicket
from capto.catalogue.models.kit import KitQuerySet
from capto.lending.collection_forms import FindKits, NewKitForm
from capto.lending.days import local_day
from capto.lending.models import Act, Loan
from capto.lending.sent_once import act_of, sent_once
from capto.members.access import requires
from capto.members.models import Organisation, Person
from capto.members.roles import Capability

PAGE = 60
MOST_LABELS = 480  # twenty sheets: more at once is a mistake


class _Echo:
    """A file that gives back each line written."""

    def write(self, line: str) -> str:
        return line


def csv_answer(rows: Iterable[Iterable[object]], name: str) -> StreamingHttpResponse:
    """Answer with rows as CSV, each cell safe in a spreadsheet."""
    writer = csv.writer(_Echo())
    lines = (writer.writerow([safe_cell(cell) for cell in row]) for row in rows)
    return _download(lines, name)


def _download(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def organisations_of(request: HttpRequest, capability: Capability) -> QuerySet[Organisation]:
    """List the organisations within which who asks holds a capability."""
    return cast(Person, request.user).organisations_where(capability)


def points_of(organisations: QuerySet[Organisation]) -> QuerySet[LendingPoint]:
    """List the lending points of organisations, by name."""
    return (
        LendingPoint.objects.filter(organisation__in=organisations)
        .select_related("organisation")
        .order_by("name")
    )


def found_kits(request: HttpRequest) -> tuple[FindKits, KitQuerySet]:
    """Give the form that narrows and the kits that it leaves, within the organisations of who asks."""
    organisations = organisations_of(request, Capability.MEND_KITS)
    form = FindKits(request.GET or None, points=points_of(organisations))
    kits = with_whereabouts(Kit.objects.of_staff(organisations))
    if not form.is_valid():
        return form, kits
    told = form.cleaned_data
    if told["q"]:
        text = told["q"].strip()
        kits = kits.filter(Q(code__icontains=text) | Q(sensors__inventory_code__icontains=text)).distinct()
    if told["point"]:
        kits = kits.filter(point=told["point"])
    if told["kind"]:
        kits = kits.filter(model=told["kind"])
    narrowed: dict[str, Q] = {
        "shelf": Q(state=Kit.State.ACTIVE, due_on=None, sent_to=None, is_blocked=False),
        "out": Q(due_on__isnull=False),
        "late": Q(due_on__lt=local_day(timezone.now())),
        "transit": Q(sent_to__isnull=False),
        "blocked": Q(is_blocked=True),
        "missing": Q(state=Kit.State.MISSING),
        "retired": Q(state=Kit.State.RETIRED),
    }
    if told["state"]:
        kits = kits.filter(narrowed[told["state"]])
    return form, kits


def with_whereabouts(kits: KitQuerySet) -> KitQuerySet:
    """Say of each kit when it is due back, where it is sent to and whether a ticket keeps it in."""
    of_kit = {"kit": OuterRef("pk")}
    transit = Transfer.objects.filter(**of_kit, received_at=None)
    return kits.annotate(
        due_on=Subquery(Loan.objects.open().filter(**of_kit).values("due_on")[:1]),
        sent_to=Subquery(transit.values("to_point__name")[:1]),
        is_blocked=Exists(UpkeepTicket.objects.filter(**of_kit, closed_at=None, blocks_lending=True)),
    )


@requires(Capability.MEND_KITS)
def kits(request: HttpRequest) -> HttpResponse:
    """List the kits that who asks looks after, with where each is now."""
    form, found = found_kits(request)
    page = Paginator(
        found.select_related("model", "point", "owner").prefetch_related("sensors").order_by("code"), PAGE
    ).get_page(request.GET.get("page"))
    asked = request.GET.copy()
    asked.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "asked": asked.urlencode(),
        "today": local_day(timezone.now()),
        "may_manage": cast(Person, request.user).can(Capability.MANAGE_CATALOGUE),
        "most_labels": MOST_LABELS,
    }
    return render(request, "lending/collection/kits.html", context)


@requires(Capability.MANAGE_CATALOGUE)
@sent_once(Act.Kind.KIT)
def new_kit(request: HttpRequest) -> HttpResponse:
    """Add a kit to the collection; its code and those of its parts are drawn now, ready for the labels."""
    organisations = organisations_of(request, Capability.MANAGE_CATALOGUE)
    form = NewKitForm(request.POST or None, points=points_of(organisations), organisations=organisations)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            kit = Kit.add(
                told["model"],
                point=told["point"],
                now=timezone.now(),
                sensors=told["sensors"],
                is_pooled=told["is_pooled"],
            )
        except SensorInAnotherKit as error:
            form.add_error("sensors", _("Le capteur %s vient d’être mis dans un autre kit.") % error.sensor)
        else:
            if (act := act_of(request)) is not None:
                act.kit = kit
            return redirect("collection-kit", kit.code)
    return render(
        request,
        "lending/collection/form.html",
        {"form": form, "title": _("Ajouter un kit"), "submit": _("Ajouter")},
    )


@requires(Capability.MANAGE_CATALOGUE)
def labels(request: HttpRequest) -> HttpResponse:
    """Print the labels of the kits found (?quoi=kits), of their parts (pieces) or of the desk's orders (ordres)."""
    what = request.GET.get("quoi", "kits")
    skip = request.GET.get("sauter", "")
    places = int(skip) if skip.isascii() and skip.isdigit() and len(skip) < 3 else 0
    found: list[Label]
    if what == "ordres":
        found = command_labels()
    else:
        _form, kits_found = found_kits(request)
        chosen = kits_found.select_related("model", "owner").order_by("code")
        if what == "pieces":
            parts = Accessory.objects.filter(kit__in=chosen.values("pk")).select_related("kit")
            found = [accessory_label(part) for part in parts.order_by("kit__code", "position")[:MOST_LABELS]]
        else:
            found = [kit_label(kit) for kit in chosen[:MOST_LABELS]]
    answer = HttpResponse(labels_pdf(found, skip=min(places, 23)), content_type="application/pdf")
    answer["Content-Disposition"] = 'inline; filename="etiquettes.pdf"'
    return answer


@requires(Capability.MANAGE_CATALOGUE)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the kits found as the CSV that the import reads."""
    _form, found = found_kits(request)
    return _download(export_kits(Kit.objects.filter(pk__in=found.values("pk")).order_by("code")), "kits.csv")


@requires(Capability.MEND_KITS)
def export_loans(request: HttpRequest) -> StreamingHttpResponse:
    """Give the loans of the points that who asks looks after; names only to who may see borrowers."""
    organisations = organisations_of(request, Capability.MEND_KITS)
    sees = set(organisations_of(request, Capability.SEE_BORROWERS).values_list("pk", flat=True))
    loans = (
        Loan.objects.of_staff(organisations)
        .select_related("kit__model", "point", "returned_point", "person", "group", "policy")
        .order_by("lent_at", "pk")
    )

    def rows() -> Iterator[list[object]]:
        yield [
            "loan", "kit", "kit_model", "point", "category", "state", "lent_at", "due_on", "renewals", "returned_at",
            "returned_point", "by_post", "policy", "borrower", "group",
        ]  # fmt: skip
        for loan in loans.iterator(chunk_size=1000):
            named = loan.point.organisation_id in sees
            yield [
                loan.public_id, loan.kit.code, loan.kit.model.slug, loan.point.slug, loan.category, loan.state,
                loan.lent_at.isoformat(), loan.due_on, loan.renewals,
                loan.returned_at.isoformat() if loan.returned_at else "",
                loan.returned_point.slug if loan.returned_point else "", int(loan.by_post),
                loan.policy.name if loan.policy else "", loan.person.name if named and loan.person else "",
                loan.group.name if named and loan.group else "",
            ]  # fmt: skip

    return csv_answer(rows(), "loans.csv")
