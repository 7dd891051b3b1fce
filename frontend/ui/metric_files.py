"""Links to the metrics of a run as files."""

import streamlit as st

from frontend.ui.blocks import file_link
from shared.contract import endpoints


def draw_metric_files(run_id: str, title: str = "Metrics") -> None:
    """Links to CSV and Parquet; `title` is part of their text."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for file_format, name in (("csv", "CSV"), ("parquet", "Parquet")):
            href = endpoints.METRICS_FILE.url(run_id=run_id, file_format=file_format)
            words = "All points of all metrics: key, step, epoch, time, value"
            file_link(f"{title} as {name}", href, words)
