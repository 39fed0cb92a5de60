"""The stand-in over HTTP, with mParticle's own Python client as a witness that nobody here wrote."""

from __future__ import annotations

import warnings

import pytest
from sandbox.http.control import Control
from sandbox.mparticle.service import start
from sandbox.services import Options

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # its rest.py compares with `is`
    import mparticle
    from mparticle.rest import ApiException


@pytest.fixture
def service(tmp_path):
    service = start(Options(tmp_path))
    service.start()
    yield service
    service.close()


@pytest.fixture
def client(service):
    configuration = mparticle.Configuration()
    configuration.host = service.settings["TARGET_MPARTICLE_BASE_URL"]
    configuration.api_key = service.stand.api_key
    configuration.api_secret = service.stand.api_secret
    return mparticle.EventsApi(configuration)


def batch_of_its_models(number=1):
    batch = mparticle.Batch()
    batch.environment = "development"
    batch.user_identities = mparticle.UserIdentities(email=f"{number}@example.com")
    batch.user_attributes = {"number": number}
    event = mparticle.AppEvent("Order", "transaction")
    event.timestamp_unixtime_ms = 1_700_071_260_000
    batch.events = [event]
    return batch


def test_the_settings_name_the_address_the_key_and_the_secret(service):
    assert service.settings == {
        "TARGET_MPARTICLE_BASE_URL": f"{service.url}/v2",
        "TARGET_MPARTICLE_API_KEY": service.stand.api_key,
        "TARGET_MPARTICLE_API_SECRET": service.stand.api_secret,
        "TARGET_MPARTICLE_ENVIRONMENT": "development",
        "SANDBOX_MPARTICLE_URL": service.url,
    }


def test_the_official_client_is_understood(client, service):
    Control(service.url).change(old_client_names=True)
    client.upload_events(batch_of_its_models())
    client.bulk_upload_events([batch_of_its_models(2), batch_of_its_models(3)])
    profiles = Control(service.url).stored("what=profiles")
    assert [(one["user_identities"], one["user_attributes"], one["events"]) for one in profiles] == [
        ({"email": f"{number}@example.com"}, {"number": number}, 1) for number in (1, 2, 3)
    ]


def test_the_official_client_hears_why_it_is_refused(client):
    batch = batch_of_its_models()
    batch.user_attributes = {"nested": {"a": 1}}
    with pytest.raises(ApiException) as refused:
        client.upload_events(batch)
    assert refused.value.status == 400
    assert "must be a string, number, boolean or null" in str(refused.value.body)
