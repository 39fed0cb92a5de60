"""The customer base that the sandbox's warehouse grows from."""

import zipfile
from decimal import Decimal

import pytest
from sandbox.warehouse import cdnow
from sandbox.warehouse.cdnow import Customer, customers, data_folder


def test_all_customers_of_the_wheel_are_read_with_exact_spend(cdnow_folder):
    everyone = customers(cdnow_folder)
    assert [one.number for one in everyone] == list(range(1, 2358))
    assert everyone[0] == Customer(1, 2, 30.43, 38.86, Decimal("22.35"))
    assert everyone[-1] == Customer(2357, 0, 0.0, 27.0, Decimal("0.00"))
    assert sum(one.frequency for one in everyone) == 2457


def test_a_missing_wheel_names_the_command_that_downloads_it(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        customers(tmp_path)
    assert str(caught.value) == f"{tmp_path / cdnow.WHEEL} is missing: `python -m sandbox.warehouse fetch` downloads it"


def test_another_wheel_of_that_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / cdnow.WHEEL, "w") as wheel:
        wheel.writestr(cdnow.MEMBER, "ID,x,t_x,T,zbar\n1,0,0,1,0\n")
    with pytest.raises(ValueError) as caught:
        customers(tmp_path)
    assert str(caught.value) == f"{tmp_path / cdnow.WHEEL} is not the wheel of Lifetimes==0.11.3: delete it and download it again"


def test_the_data_folder_is_the_one_in_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SANDBOX_DATA", str(tmp_path))
    assert data_folder() == tmp_path


def test_fetching_what_is_there_starts_no_download(cdnow_folder, monkeypatch):
    monkeypatch.setattr(cdnow.subprocess, "run", lambda *_args, **_options: pytest.fail("a download was started"))
    assert cdnow.fetch(cdnow_folder) == cdnow_folder / cdnow.WHEEL


def test_without_pip_and_uv_the_reason_is_told(monkeypatch, tmp_path):
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(cdnow, "find_spec", lambda _name: None)
    monkeypatch.setattr(cdnow.shutil, "which", lambda *_args, **_options: None)
    with pytest.raises(OSError, match=r"^cannot download Lifetimes==0\.11\.3: neither pip nor uv is here$"):
        cdnow.fetch(tmp_path)
