# SPDX-License-Identifier: Apache-2.0
"""Bill of materials, provenance and signatures of a package: whatever is changed, swapped or left out shows."""

import http.server
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.support.registry import Repository, answering, docker_registry
from typer.testing import CliRunner

from motet import paths
from motet.cli.main import app
from motet.components import attestations
from motet.components.gatekeeper import DeniedError, Gatekeeper
from motet.components.oci import archive, bundle
from motet.components.oci.blobs import PackageFormatError, digest_of
from motet.components.oci.bundle import PROVENANCE, SBOM, SIGNATURE
from motet.components.oci.contents import digest_of as package_digest
from motet.components.oci.contents import pack, unpack
from motet.components.oci.http import Http
from motet.components.oci.reference import Reference
from motet.components.oci.registry import Registry
from motet.components.packages import Package, from_upload
from motet.components.signature import SignatureError, checked, signed
from motet.components.sources import fetch
from motet.policy import Audit, Policy
from motet.store import Store
from motet.trust import PrivateKey, TrustStore

KEY, OTHER, STRANGER = (PrivateKey.generate() for _ in range(3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component with sources, beside which nothing was built yet."""
    made = tmp_path_factory.mktemp("work") / "vote"
    shutil.copytree(paths.data("examples") / "vote", made, ignore=shutil.ignore_patterns("*.wasm"))
    return made


@pytest.fixture(scope="module")
def unsigned(folder: Path) -> Package:
    return fetch(str(folder), attest=True)


@pytest.fixture(scope="module")
def vote(unsigned: Package) -> Package:
    return signed(unsigned, KEY)


@pytest.fixture
def trusted(tmp_path: Path) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    store.add("author", KEY.public)
    store.add("reviewer", OTHER.public)
    return store


def document(package: Package, kind: str) -> dict:
    return json.loads(dict(package.attachments)[kind])


def with_document(package: Package, kind: str, content: bytes) -> Package:
    return replace(package, attachments=tuple((k, content if k == kind else old) for k, old in package.attachments))


def test_the_bill_of_materials_is_cyclonedx_and_names_sources_tools_and_contracts(unsigned: Package, folder: Path) -> None:
    text = dict(unsigned.attachments)[SBOM].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    files = {part["name"]: part["hashes"][0]["content"] for part in bom["components"] if part["type"] == "file"}
    assert set(files) == {"Component.toml", "vote.c", "vote.wit"}
    assert "sha256:" + files["vote.c"] == digest_of((folder / "vote.c").read_bytes())
    tools = {tool["name"]: tool.get("version") for tool in bom["metadata"]["tools"]["components"]}
    assert len(tools) == 3 and all(tools.values()), tools
    assert any(part["type"] == "library" for part in bom["components"])


def test_the_provenance_is_slsa_and_names_the_package_the_command_and_materials(unsigned: Package) -> None:
    said = document(unsigned, PROVENANCE)
    assert (said["_type"], said["predicateType"]) == ("https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1")
    assert said["subject"] == [{"name": "vote", "digest": {"sha256": package_digest(unsigned).removeprefix("sha256:")}}]
    definition = said["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {"kind": "component", "name": "vote", "revision": unsigned.revision}
    assert "vote.c" in definition["internalParameters"]["command"]
    assert {one["name"] for one in definition["resolvedDependencies"]} >= {"Component.toml", "vote.c", "vote.wit"}
    assert not any("/" in part for part in definition["internalParameters"]["command"])


def test_equal_builds_in_other_folders_have_equal_packages(unsigned: Package, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert archive.dumps(pack(fetch(str(tmp_path / "elsewhere"), attest=True))) == archive.dumps(pack(unsigned))


def test_a_module_that_somebody_gave_is_not_said_to_be_compiled_here(unsigned: Package, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "given")
    (tmp_path / "given" / "vote.wasm").write_bytes(b"\0asm\1\0\0\0")
    said = document(fetch(str(tmp_path / "given" / "vote.wasm"), attest=True), PROVENANCE)
    assert said["predicate"]["buildDefinition"]["buildType"] == "urn:motet:build:as-given:1"
    model = fetch(str(paths.data("models") / "digits" / "digits.tflite"), attest=True)
    assert document(model, PROVENANCE)["predicate"]["buildDefinition"]["buildType"] == "urn:motet:build:as-given:1"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(dict(model.attachments)[SBOM].decode()) is None


def test_they_travel_in_archives_uploads_and_registries(vote: Package, trusted: TrustStore, tmp_path: Path) -> None:
    with docker_registry(tmp_path) as host, Http() as client:
        Registry(client, Reference.parse(f"oci://{host}/x")).push(pack(vote))
        ways = (
            unpack(archive.loads(archive.dumps(pack(vote)))),
            from_upload(json.loads(json.dumps(vote.upload()))),
            fetch(f"oci://{host}/x"),
        )
    for came in ways:
        assert checked(came, trusted).publishers == ("author",)
        assert checked(came, trusted).package.attachments == vote.attachments


@pytest.mark.parametrize("kind", [SBOM, PROVENANCE])
def test_an_attestation_with_any_byte_changed_or_none_breaks_the_signature(vote: Package, trusted: TrustStore, kind: str) -> None:
    content = dict(vote.attachments)[kind]
    for index in range(0, len(content), 5):
        changed = content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :]
        with pytest.raises(SignatureError, match="missing or was changed"):
            checked(with_document(vote, kind, changed), trusted)
    without = replace(vote, attachments=tuple(one for one in vote.attachments if one[0] != kind))
    with pytest.raises(SignatureError, match="missing or was changed"):
        checked(without, trusted)


def test_an_attestation_of_another_package_is_refused_though_it_was_signed(vote: Package, unsigned: Package) -> None:
    model = fetch(str(paths.data("models") / "digits" / "digits.tflite"), attest=True)
    for kind in (SBOM, PROVENANCE):
        wrong = signed(with_document(unsigned, kind, dict(model.attachments)[kind]), KEY)
        with pytest.raises(PackageFormatError, match="of another package"):
            attestations.check(wrong)
    attestations.check(vote)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"metadata":7}', b'{"subject":[7]}', b"null"])
@pytest.mark.parametrize("kind", [SBOM, PROVENANCE])
def test_what_is_no_attestation_is_refused_by_name(unsigned: Package, kind: str, content: bytes) -> None:
    with pytest.raises(PackageFormatError):
        attestations.check(with_document(unsigned, kind, content))


def test_attestations_of_strangers_count_for_nothing_and_harm_nobody(vote: Package, trusted: TrustStore) -> None:
    spam = pack(vote)
    for kind, content in ((SBOM, b"{}"), (PROVENANCE, b"{}"), (SIGNATURE, b"noise"), (bundle.COMPONENT_TOML, b"[component]")):
        spam = spam.with_attachment(kind, content)
    spam = spam.with_attachment(SIGNATURE, signed(replace(vote, signatures=()), STRANGER).signatures[0])
    spam = spam.with_attachment("application/vnd.dev.cosign.simplesigning.v1+json", b"x" * 100_000)
    came = checked(unpack(archive.loads(archive.dumps(spam))), trusted)
    assert (came.publishers, came.package.attachments) == (("author",), vote.attachments)


def test_two_signatures_on_one_image_in_a_registry_are_both_read(vote: Package, trusted: TrustStore, tmp_path: Path) -> None:
    second = signed(vote, OTHER)
    with docker_registry(tmp_path) as host, Http() as client:
        registry = Registry(client, Reference.parse(f"oci://{host}/x"))
        assert registry.push(pack(vote)) == registry.push(pack(replace(second, signatures=second.signatures[1:])))
        came = fetch(f"oci://{host}/x")
    assert checked(came, trusted).publishers == ("author", "reviewer")


def test_signing_again_replaces_ones_own_signature_and_keeps_those_of_others(vote: Package) -> None:
    both = signed(signed(vote, OTHER), KEY)
    assert len(both.signatures) == 2 and both.signatures[0] == signed(vote, OTHER).signatures[1]


def test_two_attestations_of_one_kind_are_not_signed(vote: Package) -> None:
    with pytest.raises(SignatureError, match="two attestations"):
        signed(replace(vote, attachments=(*vote.attachments, (SBOM, b"{}"))), KEY)


def test_attestations_of_an_unsigned_package_are_nobodys_word(unsigned: Package, trusted: TrustStore) -> None:
    assert checked(unsigned, trusted).package.attachments == ()


def sized(package: Package, kind: str, size: int) -> bytes:
    return archive.dumps(pack(package).with_attachment(kind, b" " * size))


@pytest.mark.parametrize("kind", [SBOM, PROVENANCE, SIGNATURE, bundle.COMPONENT_TOML])
def test_an_oversized_attachment_is_refused_before_anything_looks_into_it(vote: Package, kind: str) -> None:
    with pytest.raises(PackageFormatError, match="at most"):
        unpack(archive.loads(sized(vote, kind, bundle.ATTACHED[kind] + 1)))


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_build_writes_them_beside_and_verify_shows_them(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    KEY.save(tmp_path / "key.pem")
    assert run("build", folder, "--dry-run")[0] == 0 and not list(tmp_path.glob("vote*"))
    built = json.loads(run("build", folder, "--json")[1])
    assert sorted(path.name for path in tmp_path.glob("vote*")) == ["vote.cdx.json", "vote.motet", "vote.provenance.json"]
    assert run("verify", "vote.motet")[0] == 1
    assert run("sign", "vote.motet", "--key", "key.pem")[0] == 0
    code, shown = run("verify", "vote.motet", "--key", KEY.public, "-o", "json")
    facts = json.loads(shown)
    assert (code, facts["digest"], facts["sbom"]["files"]) == (0, built["digest"], 3)
    assert facts["provenance"]["materials"] >= 3
    text = run("verify", "vote.motet", "--key", KEY.public)[1]
    assert "CycloneDX 1.6" in text and "urn:motet:build" in text
    changed = (tmp_path / "vote.motet").read_bytes().replace(b"urn:motet:build", b"urn:motet:built", 1)
    (tmp_path / "vote.motet").write_bytes(changed)
    code, said = run("verify", "vote.motet", "--key", KEY.public)
    assert code == 2 and "not what its descriptor says" in said


def test_nothing_unsigned_is_installed_from_any_source_unless_a_policy_names_it(
    folder: Path, unsigned: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder, module, model, archive, https (as http of this machine), git and registry end at the same gate."""
    archive.write(pack(unsigned), tmp_path / "vote.motet")
    data = (tmp_path / "vote.motet").read_bytes()
    shutil.copytree(folder, tmp_path / "repository")
    (tmp_path / "repository" / "vote.wasm").write_bytes(unsigned.content)
    for command in (("init", "-q"), ("add", "-A", "-f"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", *command], cwd=tmp_path / "repository", check=True)

    def web(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    audit = Audit(Store(tmp_path / "audit.db"))
    named = 'permit (principal, action == Motet::Action::"install", resource == Motet::Package::"component/vote");'
    closed, by_name = (Gatekeeper(Policy(text, {}), TrustStore(tmp_path / "t"), audit) for text in ("", named))
    with answering(web) as host, answering(Repository(pack(unsigned))) as registry:
        sources = [folder, tmp_path / "repository" / "vote.wasm", tmp_path / "vote.motet", f"http://{host}/vote.motet"]
        sources += [f"git+file://{tmp_path}/repository#vote.wasm", f"oci://{registry}/x"]
        for source in map(str, sources):
            package = fetch(source)
            with pytest.raises(DeniedError, match="not signed"):
                closed.install("anna", package, "press", "stm32f405")
            assert by_name.install("anna", package, "press", "stm32f405").publishers == ()
    model = fetch(str(paths.data("models") / "digits" / "digits.tflite"))
    for guard in (closed, by_name):
        with pytest.raises(DeniedError):
            guard.install("anna", model, "press", "stm32f405")


def test_a_policy_may_ask_for_both_attestations(vote: Package, unsigned: Package, tmp_path: Path, trusted: TrustStore) -> None:
    scope = 'principal, action == Motet::Action::"install", resource'
    rule = f"permit ({scope}) when {{ resource.signed && resource.sbom && resource.provenance }};"
    guard = Gatekeeper(Policy(rule, {}), trusted, Audit(Store(tmp_path / "audit.db")))
    assert guard.install("anna", vote, "press", "stm32f405").publishers == ("author",)
    for kept in ((), unsigned.attachments[:1], unsigned.attachments[1:]):
        with pytest.raises(DeniedError):
            guard.install("anna", signed(replace(unsigned, attachments=kept), KEY), "press", "stm32f405")
