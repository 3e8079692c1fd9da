"""ahu every night from Airflow: yesterday's tickets, retried while the export still grows (exit code 75)."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("ahu", schedule="30 0 * * *", start_date=datetime(2026, 1, 1), catchup=False) as dag:
    BashOperator(
        task_id="run",
        bash_command="cd /srv/desk && ahu run --config ahu.toml --as-of {{ ds }}",
        retries=4,
        retry_delay=timedelta(minutes=15),
    )
