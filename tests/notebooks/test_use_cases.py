"""Each use case runs on a genuine lake, and the lake holds afterwards what its text promises."""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from astropy.io import fits  # type: ignore[import-untyped]
from logins import token_by_browser
from matplotlib import image
from running import FOLDER, printed, run, shown

from dlaas import Instance, Lake
from dlaas.model import Rule
from jupyter_dlaas.lake import EmbeddedLake

sys.path.append(str(Path(__file__).parents[1] / "kernel"))
from standin import Answer, StandIn

MOUNT, UPLOADS = "NOTEBOOK-MOUNT", "NORTH-DISK"


@pytest.fixture(scope="module")
def alice(lake: EmbeddedLake) -> Iterator[Lake]:
    """Looks on the lake afterwards."""
    found = Lake(Instance.from_mapping(lake.instance("alice")))
    yield found
    found.close()


@pytest.fixture(scope="module")
def token(lake: EmbeddedLake) -> str:
    return token_by_browser(lake)


@pytest.fixture
def bare_env(
    lake: EmbeddedLake, token: str, alice_env: dict[str, str], tmp_path: Path
) -> dict[str, str]:
    """Alice by a token in a file alone: no certificate, no password, no mounted storage."""
    gone = ("RUCIO_", "X509_", "BEARER_")
    env = {name: value for name, value in alice_env.items() if not name.startswith(gone)}
    place, cfg = tmp_path / "token", tmp_path / "rucio.cfg"
    place.write_text(token)
    place.chmod(0o600)
    hosts = f"rucio_host = {lake.url}\nauth_host = {lake.url}\nca_cert = {lake.layout.ca}\n"
    login = f"account = alice\nauth_type = oidc\nauth_token_file_path = {place}\n"
    cfg.write_text(f"[client]\n{hosts}{login}")
    told = {"RUCIO_CONFIG": str(cfg), "RUCIO_NAME": "lake", "RUCIO_UPLOAD_RSE": UPLOADS}
    return {**env, **told}


def use_case(stem: str, folder: Path, env: dict[str, str]) -> tuple[Any, str]:
    """Run a use case; answers it, and what it printed."""
    notebook = run(FOLDER / "use-cases" / f"{stem}.ipynb", folder, env)
    return notebook, printed(notebook)


def found(pattern: str, text: str) -> str:
    """The group of a pattern that what was printed must hold."""
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, text
    return match[1]


def number(pattern: str, text: str) -> float:
    return float(found(pattern, text).replace(",", ""))


def colours(notebook: Any) -> int:
    """How many colours its only picture has."""
    [coded] = shown(notebook, "image/png")
    pixels = image.imread(io.BytesIO(base64.b64decode(coded)))
    assert min(pixels.shape[:2]) > 200
    return len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0))


def contents(lake: Lake, did: str) -> list[str]:
    return sorted(entry.did.name for entry in lake.list_files(did))


def rule(lake: Lake, did: str, rse: str) -> Rule:
    """The one rule that keeps a DID on an RSE."""
    [one] = [one for one in lake.list_rules(did) if one.rse_expression == rse]
    return one


def lasts(one: Rule, days: float) -> bool:
    """Tell whether a rule ends so many days from now, to an hour."""
    assert one.expires_at is not None
    left = one.expires_at - datetime.now(timezone.utc)
    return abs(left - timedelta(days=days)) < timedelta(hours=1)


def test_skao_finds_sources_in_a_workspace_and_adds_catalogues_to_the_dataset(
    tmp_path: Path, alice: Lake, alice_env: dict[str, str]
) -> None:
    notebook, text = use_case("skao", tmp_path, alice_env)
    dataset = found(r"^dataset (user\.alice:SDC1-\S+)$", text)
    stamp = dataset.rsplit("-", 1)[1]
    assert re.findall(r"(\d+) sources", text) == ["60"] * 3
    bands = [f"{band}-{stamp}" for band in ("B1", "B2", "B5")]
    assert contents(alice, dataset) == [f"{b}.{end}" for b in bands for end in ("csv", "fits")]
    assert lasts(rule(alice, dataset, MOUNT), 3)
    assert lasts(rule(alice, dataset, UPLOADS), 7)
    workspace = tmp_path / f"workspace-{stamp}"
    mount = Path(alice_env["RUCIO_RSE_MOUNT_PATH"]).resolve()
    for path in workspace.glob("*.fits"):
        assert path.is_symlink()
        assert path.resolve().is_relative_to(mount)
        assert not path.resolve().with_suffix(".csv").exists()
        [origin] = alice.provenance(f"user.alice:{path.stem}.csv").inputs
        assert origin.did == f"user.alice:{path.name}"
    assert len(list(workspace.glob("*.csv"))) == 3
    assert colours(notebook) > 100


def test_km3net_converts_fifty_four_files_into_one(
    tmp_path: Path, alice: Lake, alice_env: dict[str, str]
) -> None:
    notebook, text = use_case("km3net", tmp_path, alice_env)
    events = number(r"^54 files converted, ([\d,]+) events$", text)
    assert number(r"^([\d,]+) energies read back$", text) == events > 54 * 250
    did = found(r"^(user\.alice:arca-events-\S+\.parquet) is on NORTH-DISK, ", text)
    assert alice.get(did).bytes == number(r"parquet is on NORTH-DISK, ([\d,]+) bytes", text)
    assert lasts(rule(alice, did, UPLOADS), 90)
    [origin] = alice.provenance(did).inputs
    assert (origin.type, origin.files) == ("dataset", 54)
    assert lasts(rule(alice, str(origin.did), MOUNT), 1)
    assert colours(notebook) > 10


def test_r3b_goes_from_a_list_of_dids_to_a_plot(
    tmp_path: Path, alice: Lake, alice_env: dict[str, str]
) -> None:
    notebook, text = use_case("r3b", tmp_path, alice_env)
    assert len(re.findall(r"^user\.alice:s515-\S+ [\d,]+ bytes verified$", text, re.MULTILINE)) == 6
    assert "36,000 fragments, 50% of them tin" in text
    dataset = found(r"^2 uploaded; .* in (user\.alice:s515-results-\S+)$", text)
    assert "2 skipped; 0 bytes sent" in text
    assert [Path(name).suffix for name in contents(alice, dataset)] == [".png", ".root"]
    assert lasts(rule(alice, dataset, UPLOADS), 90)
    assert text.count("is kept on NORTH-DISK until") == 2
    assert colours(notebook) > 100


@pytest.fixture
def archive(lake: EmbeddedLake) -> Iterator[StandIn]:
    """An archive of the Virtual Observatory, whose certificate is trusted, with one image."""
    held = io.BytesIO()
    fits.writeto(held, np.random.default_rng(1).gamma(0.3, 1, (64, 64)).astype("f4"))
    answer = Answer(200, held.getvalue(), {"Content-Type": "application/fits"})
    pki = Path(lake.layout.pki)
    service = StandIn(lambda _: answer, tls=(pki / "server.pem", pki / "server.key"))
    yield service
    service.close()


def test_lofar_combines_its_image_with_one_of_the_virtual_observatory(
    tmp_path: Path, alice: Lake, alice_env: dict[str, str], lake: EmbeddedLake, archive: StandIn
) -> None:
    trusted = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(lake.layout.ca))
    told = {"OPTICAL_IMAGE": f"{archive.url}/hst.fits", **trusted}
    notebook, text = use_case("lofar", tmp_path, {**alice_env, **told})
    assert "32 files, 219,136 bytes, 0 failed" in text
    assert "32 subbands: 5.0 Jy/beam at (64, 64)" in text
    size = (tmp_path / "basket" / "hst.fits").stat().st_size
    assert f"vo_reg   HST image: {size:,} bytes" in text
    assert all("Authorization" not in request.headers for request in archive.requests)
    container = found(r"-radio\.fits is below .*, (user\.alice:field-\S+)$", text)
    sets = [f"{container}-{end}" for end in ("images", "set1", "set2", "set3")]
    assert sorted(str(entry.did) for entry in alice.list_contents(container)) == sets
    assert [len(contents(alice, one)) for one in sets] == [2, 12, 12, 8]
    assert all(lasts(rule(alice, one, UPLOADS), 7) for one in sets)
    made = alice.provenance(f"{container}-radio.fits").inputs
    assert [(str(one.did), one.files) for one in made] == [
        (sets[1], 12), (sets[2], 12), (sets[3], 8),
    ]  # fmt: skip
    picture = alice.download(f"{container}-combined.png", tmp_path / "again").paths[0]
    assert Path(picture).read_bytes() == (tmp_path / "combined.png").read_bytes()
    assert colours(notebook) > 20


def test_lofar_tells_of_an_archive_that_is_not_there_and_goes_on(
    tmp_path: Path, alice_env: dict[str, str]
) -> None:
    notebook, text = use_case("lofar", tmp_path, alice_env)
    assert re.search(r"^vo_reg   HST image: .*archive\.invalid.* not known", text, re.MULTILINE)
    assert "34 files below the container now" in text
    assert colours(notebook) > 20


def test_cta_goes_from_the_basket_to_a_spectrum_by_https_and_a_token_alone(
    tmp_path: Path, alice: Lake, bare_env: dict[str, str]
) -> None:
    notebook, text = use_case("cta", tmp_path, bare_env)
    assert "basket.json holds your logins to ESAP: delete it." in text
    assert "a secret of yours" in (tmp_path / "basket.json").read_text()
    assert "a secret of yours" not in f"{text}{shown(notebook, 'text/html')}"
    fetched = re.findall(r"^(user\.alice:dl3-\S+) ([\d,]+) bytes verified$", text, re.MULTILINE)
    assert len(fetched) == 4
    for did, size in fetched:
        assert alice.get(did).bytes == int(size.replace(",", ""))
        assert (tmp_path / "observations" / did.split(":")[1]).is_file()
    assert abs(number(r"^spectral index ([\d.]+) ±", text) - 2.6) < 0.1
    assert number(r"^(\d+) photons above", text) > 3000
    assert colours(notebook) > 20


def test_cms_reads_by_token_on_workers_and_is_refused_under_embargo(
    tmp_path: Path, alice: Lake, bare_env: dict[str, str], token: str
) -> None:
    notebook, text = use_case("cms", tmp_path, bare_env)
    assert "by token: True · account: alice" in text
    assert len(set(re.findall(r"^https://localhost:\d+/store/\S+\.root$", text, re.MULTILINE))) == 8
    assert number(r"^([\d,]+) pairs in 8 files, read by 2 workers$", text) > 30_000
    assert "the token is in it: False" in text
    assert token not in nbformat.writes(notebook)
    did = found(r"^peak at 91 GeV; (user\.alice:dimuon-\S+\.png) is on NORTH-DISK", text)
    assert alice.get(did).bytes == (tmp_path / "dimuon.png").stat().st_size
    assert lasts(rule(alice, did, UPLOADS), 90)
    assert "refused: The scope 'user.bob' does not belong to the account 'alice'." in text
    assert list(alice.search("user.bob:dimuon-*", type="all")) == []
    assert colours(notebook) > 10


def test_magic_sees_its_source_and_notes_where_the_answer_came_from(
    tmp_path: Path, alice: Lake, alice_env: dict[str, str]
) -> None:
    notebook, text = use_case("magic", tmp_path, alice_env)
    assert re.search(r"^6 runs, [\d,]+ bytes, available until \d{4}-", text, re.MULTILINE)
    assert number(r"^\d+ photons, ([\d.]+) sigma$", text) > 20
    assert abs(number(r"^(\d+) photons, ", text) - 6 * 150) < 100
    did = found(r"^(user\.alice:theta2-\S+\.csv), made of 6 files of ", text)
    [origin] = alice.provenance(did).inputs
    assert str(origin.did) in text
    assert lasts(rule(alice, str(origin.did), MOUNT), 2)
    assert colours(notebook) > 10


def test_ego_publishes_each_second_to_a_broker_as_the_files_arrive(
    tmp_path: Path, alice: Lake, alice_env: dict[str, str], eventually: Callable[..., Any]
) -> None:
    notebook, text = use_case("ego", tmp_path, alice_env)
    assert "32 frames of one second published, 32 heard" in text
    assert "the loudest second is 1187008898, 18 after the start" in text
    dataset = found(r"^8 uploaded; .* in (user\.alice:strain-\S+)$", text)
    assert len(contents(alice, dataset)) == 8
    eventually(lambda: rule(alice, dataset, MOUNT).state == "OK")
    assert colours(notebook) > 3


def test_cbm_and_panda_count_every_failure_of_a_hundred(
    tmp_path: Path, alice: Lake, alice_env: dict[str, str]
) -> None:
    _, text = use_case("cbm-panda", tmp_path, alice_env)
    first, second = text.split("4 runs: 2 done, 2 failed")
    assert "100 runs: 96 done, 4 failed" in first
    reasons = {name: int(count) for count, name in re.findall(r"(?m)^  (\d) x (\w+)$", first)}
    assert reasons == {
        "ValueError": 1, "DataIdentifierNotFound": 2, "DataIdentifierAlreadyExists": 1,
    }  # fmt: skip
    assert re.findall(r"^  run (\d+): ", first, re.MULTILINE) == ["13", "40", "41", "77"]
    assert re.findall(r"^  run (\d+): ", second, re.MULTILINE) == ["13", "77"]
    dataset = found(r"^98 tracks in (\S+), kept by 1 rule; still to do: \[13, 77\]$", second)
    named = {int(name.split("-")[1]) for name in contents(alice, dataset)}
    assert named == set(range(100)) - {13, 77}
    assert lasts(rule(alice, dataset, UPLOADS), 7)
    assert re.search(r"track-077-\S+ is untouched: 77,0,0$", second, re.MULTILINE)
