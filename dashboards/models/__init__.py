from dashboards.models.published import PublishedHour, PublishedSeries

__all__ = ["PublishedHour", "PublishedSeries"]
