"""Everything that runs by itself: name, function, cron (UTC). `capto migrate` writes these rows for django-q2."""

from typing import NamedTuple


class Scheduled(NamedTuple):
    """One recurring task: its name, the dotted path of its function and its cron expression."""

    name: str
    function: str
    cron: str


SCHEDULES: tuple[Scheduled, ...] = (
    Scheduled(
        "hourly values of the hours that readings touched",
        "capto.validation.recompute.dirty_hours",
        "* * * * *",
    ),
    Scheduled("vigie over published hours", "capto.validation.vigie.watch", "20 * * * *"),
    Scheduled("evaluations of a day ago", "capto.validation.uploads.remove_old_now", "50 * * * *"),
    Scheduled("queues of holds and late kits", "capto.lending.queue.turn_now", "*/15 * * * *"),
    Scheduled("reminders of loans", "capto.lending.reminders.queue_reminders_now", "5 * * * *"),
    Scheduled(
        "parcels whose sensors are heard", "capto.lending.by_post.note_arrivals_heard_now", "*/10 * * * *"
    ),
    Scheduled("reminders of training", "capto.training.reminders.queue_reminders_now", "10 * * * *"),
    Scheduled("devices that fell silent", "firmware_bridge.diagnosis_watch.watch_for_silence", "* * * * *"),
    Scheduled("diagnosis of devices", "firmware_bridge.diagnosis_watch.watch", "*/5 * * * *"),
    Scheduled(
        "releases of the open data", "dashboards.open_data.releases.release_what_is_over", "20 3 * * *"
    ),
    Scheduled(
        "sums of the months and days of published series",
        "dashboards.models.stretch_sum.renew_now",
        "3-59/10 * * * *",
    ),
    Scheduled("feeds of episodes", "dashboards.episodes.imports.import_now", "*/20 * * * *"),
    Scheduled("open feeds of other networks", "firmware_bridge.open_feeds.read_now", "*/5 * * * *"),
    Scheduled("campaigns of pledges", "dashboards.pledges.season.turn_now", "*/5 * * * *"),
    Scheduled("places of pledges", "dashboards.pledges.counters.count_places_now", "40 3 * * *"),
    Scheduled("pages after episodes", "dashboards.pledges.reviews.publish_reviews_now", "15 7 * * *"),
    Scheduled("old rejected messages", "firmware_bridge.rejected_retention.forget_old", "25 3 * * *"),
    Scheduled("the broker's own figures", "firmware_bridge.broker_watch.look_now", "* * * * *"),
    Scheduled("personal data whose time is over", "capto.lending.retention.apply_now", "15 2 * * *"),
    Scheduled("messages that wait", "capto.members.messages.send_waiting_messages", "* * * * *"),
)


def write_schedules() -> None:
    """Make the scheduled rows equal to SCHEDULES: new ones are added, changed ones corrected, others removed."""
    from django_q.models import Schedule

    names = {scheduled.name for scheduled in SCHEDULES}
    Schedule.objects.exclude(name__in=names).filter(name__isnull=False).delete()
    for scheduled in SCHEDULES:
        Schedule.objects.update_or_create(
            name=scheduled.name,
            defaults={"func": scheduled.function, "schedule_type": Schedule.CRON, "cron": scheduled.cron},
        )
