# SPDX-License-Identifier: Apache-2.0
"""Bundles in OCI registries (distribution specification 1.1). A registry is believed nothing that a digest can check.

What refers to a package is found through the referrers API or, where a registry lacks it, through the tag scheme that the
specification falls back to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from motet.components.oci import blobs, bundle, contents
from motet.components.oci import challenge as challenges
from motet.components.oci.blobs import INDEX, MANIFEST, MAX_MANIFEST, Descriptor, PackageFormatError, describe, dump
from motet.components.oci.bundle import Bundle
from motet.components.oci.http import Answer, Http, TransferError
from motet.components.oci.reference import Reference

# Descriptors of larger configurations are refused before anything is fetched.
MAX_CONFIG = 1 << 20
MAX_TAGS = 1 << 20


class Registry:
    """The repository that a reference names. `credentials`: (user, password) or (None, token)."""

    def __init__(self, http: Http, place: Reference, credentials: tuple[str | None, str] | None = None) -> None:
        self._http, self._place, self._url = http, place, place.url
        user, secret = credentials or (None, "")
        self._auth: dict[str, Any] = {} if user is None else {"auth": (user, secret)}
        self._token = secret if user is None else ""

    def pull(self) -> Bundle:
        """The package and what refers to it. Raises TransferError, PackageFormatError."""
        image = self._manifest(self._place.version)
        digest = blobs.digest_of(image)
        if self._place.by_digest and digest != self._place.version:
            raise PackageFormatError(f"{self._place}: the registry gave {digest} instead")
        config, layer = bundle.parts(blobs.parse(image, "a manifest"))
        content: dict[str, bytes] = {}
        referrers: list[bytes] = []
        for manifest in self._referrers(digest):
            parsed = blobs.parse(manifest, "a manifest")
            if bundle.subject(parsed) != digest:
                raise PackageFormatError(f"{self._place}: the registry lists what refers to another package")
            bundle.check_attached(bundle.single_layer(parsed), bundle.artifact_type(parsed))
            content |= self._parts(manifest, content)
            referrers.append(manifest)
        # What is for gateways may be large, and only what refers to the package says that it is.
        limit = contents.largest(Bundle(image, tuple(referrers), content))
        content |= {config.digest: self._blob(config, MAX_CONFIG), layer.digest: self._blob(layer, limit)}
        return Bundle(image, tuple(referrers), content)

    def push(self, package: Bundle) -> str:
        """Upload what is not there yet; the tag comes last, so that it never names half a package. Returns the digest."""
        for digest, content in sorted(package.content.items()):
            self._upload(digest, content)
        image = package.descriptor
        self._put_manifest(image.digest, package.image)
        for manifest in package.referrers:
            headers = self._put_manifest(blobs.digest_of(manifest), manifest)
            if headers.get("oci-subject") != image.digest:
                self._add_to_index(image.digest, manifest)
        if not self._place.by_digest:
            self._put_manifest(self._place.version, package.image)
        return image.digest

    def tags(self) -> list[str]:
        """The repository's tags, none when the registry does not list any. Raises TransferError, PackageFormatError."""
        status, _, body = self._ask("GET", f"{self._url}/tags/list", MAX_TAGS)
        found = blobs.parse(body, "the list of tags").get("tags") if status == 200 else None
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

    def _referrers(self, digest: str) -> list[bytes]:
        """The manifests of the kinds that Motet reads; what others attach to a package must not keep it from us."""
        listed = [one for one in self._referring(digest) if one.artifact_type in ("", *bundle.ATTACHED)]
        bundle.check_referrers(len(listed))
        found = [descriptor.check(self._manifest(descriptor.digest)) for descriptor in listed]
        return [manifest for manifest in found if bundle.is_ours(manifest)]

    def _parts(self, manifest: bytes, known: Mapping[str, bytes]) -> dict[str, bytes]:
        wanted = bundle.parts(blobs.parse(manifest, "a manifest"))
        return {part.digest: self._blob(part, MAX_CONFIG) for part in wanted if part.digest not in known}

    def _manifest(self, version: str) -> bytes:
        return self._get(f"{self._url}/manifests/{version}", MAX_MANIFEST, MANIFEST)

    def _blob(self, part: Descriptor, limit: int) -> bytes:
        if part.size > limit:
            raise PackageFormatError(f"{self._place}: a layer of {part.size} bytes, at most {limit} are accepted")
        return part.check(self._get(f"{self._url}/blobs/{part.digest}", part.size, "*/*"))

    def _referring(self, digest: str) -> list[Descriptor]:
        status, _, body = self._ask("GET", f"{self._url}/referrers/{digest}", MAX_MANIFEST, Accept=INDEX)
        if status == 404:
            status, _, body = self._ask("GET", self._fallback(digest), MAX_MANIFEST, Accept=INDEX)
            if status == 404:
                return []
        if status != 200:
            raise TransferError(f"{self._place}: asked for what refers to it, the registry answered {status}")
        listed = blobs.parse(body, "the list of referrers").get("manifests")
        if not isinstance(listed, list):
            raise PackageFormatError(f"{self._place}: the list of referrers is none")
        return [Descriptor.parse(item) for item in listed]

    def _fallback(self, digest: str) -> str:
        return f"{self._url}/manifests/{digest.replace(':', '-')}"

    def _add_to_index(self, digest: str, manifest: bytes) -> None:
        kind = str(blobs.parse(manifest, "a manifest")["artifactType"])
        added = describe(manifest, MANIFEST, artifact_type=kind)
        listed = [item for item in self._referring(digest) if item.digest != added.digest]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [item.as_json() for item in (*listed, added)]}
        self._put(self._fallback(digest), dump(index), INDEX)

    def _upload(self, digest: str, content: bytes) -> None:
        if self._ask("HEAD", f"{self._url}/blobs/{digest}", 0)[0] == 200:
            return
        status, headers, _ = self._ask("POST", f"{self._url}/blobs/uploads/", MAX_MANIFEST)
        if status != 202 or "location" not in headers:
            raise TransferError(f"{self._place}: the registry takes no upload (it answered {status})")
        target = urljoin(f"{self._url}/", headers["location"])
        self._put(f"{target}{'&' if '?' in target else '?'}digest={digest}", content, "application/octet-stream")

    def _put_manifest(self, version: str, manifest: bytes) -> Mapping[str, str]:
        return self._put(f"{self._url}/manifests/{version}", manifest, MANIFEST)

    def _put(self, url: str, content: bytes, media_type: str) -> Mapping[str, str]:
        headers = {"Content-Type": media_type}
        status, answered, body = self._ask("PUT", url, MAX_MANIFEST, content=content, **headers)
        if status not in (201, 202):
            said = body[:200].decode(errors="replace").strip()
            raise TransferError(f"{self._place}: the registry refused an upload with {status}: {said}")
        return answered

    def _get(self, url: str, most: int, accept: str) -> bytes:
        status, _, body = self._ask("GET", url, most, Accept=accept)
        if status == 404:
            raise TransferError(f"{self._place}: not there")
        if status in (401, 403):
            raise TransferError(f"{self._place}: the registry wants credentials (it answered {status})")
        if status != 200:
            raise TransferError(f"{self._place}: the registry answered {status}")
        return body

    def _ask(self, method: str, url: str, most: int, content: bytes | None = None, **headers: str) -> Answer:
        # A registry may name another server to upload to; what was meant for the registry does not go there.
        own = urlsplit(url)[:2] == urlsplit(self._url)[:2]
        body = {} if content is None else {"content": content}
        answer = self._http.ask(method, url, most, **self._arguments(headers, own), **body)
        if answer[0] == 401 and own and self._challenged(answer[1].get("www-authenticate", "")):
            answer = self._http.ask(method, url, most, **self._arguments(headers, own), **body)
        return answer

    def _arguments(self, headers: dict[str, str], own: bool) -> dict[str, Any]:
        if own and self._token:
            return {"headers": {**headers, "Authorization": f"Bearer {self._token}"}}
        return {"headers": headers, **(self._auth if own else {})}

    def _challenged(self, challenge: str) -> bool:
        """Whether there is another token to try now."""
        before, self._token = self._token, challenges.token(self._http, challenge, self._url, self._auth) or self._token
        return self._token != before
