"""Jobs beside the query page: ordered, watched, stopped and removed by whoever they belong to."""

import pytest
from django.contrib.auth.models import User

from archive.models import QueryJob

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
TEXT = "SELECT TOP 3 table_name FROM tap_schema.tables"


@pytest.fixture
def owner():
    return User.objects.create_user("orderer")


def ordered(client, text=TEXT, form="csv") -> QueryJob:
    answer = client.post("/query/jobs/order", {"query": text, "format": form})
    job = QueryJob.objects.get()
    assert answer["Location"] == f"/query/?job={job.pk}"
    return job


def test_a_query_is_ordered_with_the_rights_of_its_owner_and_shown_without_being_run_again(client, owner):
    client.force_login(owner)
    job = ordered(client)
    assert (job.owner, job.phase) == (owner, "QUEUED")
    assert job.parameters["QUERY"] == TEXT and job.parameters["RESPONSEFORMAT"] == "csv"
    page = client.get("/query/", {"job": job.pk})
    assert page.context["query"] == TEXT and "result" not in page.context
    assert page.context["jobs"] == [job] and page.context["running"]


def test_a_visitor_finds_their_jobs_by_their_session_and_nobody_elses(client, client_of_another):
    job = ordered(client)
    assert job.owner is None
    assert client.get("/query/jobs").context["jobs"] == [job]
    assert client_of_another.get("/query/jobs").context["jobs"] == []
    assert client_of_another.post(f"/query/jobs/{job.pk}/end").status_code == 404


@pytest.fixture
def client_of_another():
    from django.test import Client

    return Client()


def test_what_runs_is_stopped_and_what_has_ended_is_removed(client, owner):
    client.force_login(owner)
    job = ordered(client)
    client.post(f"/query/jobs/{job.pk}/end")
    job.refresh_from_db()
    assert job.phase == "ABORTED"
    assert not client.get("/query/jobs").context["running"]
    client.post(f"/query/jobs/{job.pk}/end")
    assert not QueryJob.objects.exists()


def test_a_job_of_somebody_else_is_not_there(client, owner):
    client.force_login(owner)
    job = ordered(client)
    client.force_login(User.objects.create_user("stranger"))
    assert client.post(f"/query/jobs/{job.pk}/end").status_code == 404
    assert client.get("/query/", {"job": job.pk}).status_code == 404
    page = client.get("/query/")
    assert page.context["query"] == "" and page.context["jobs"] == []


@pytest.mark.parametrize("values", [{"query": ""}, {"query": TEXT, "format": "docx"}])
def test_a_job_without_query_or_of_an_unknown_format_is_refused(client, values):
    assert client.post("/query/jobs/order", values).status_code == 400
    assert not QueryJob.objects.exists()
