"""Archives of the web: what is unpacked, and what is refused without a trace outside."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from servegraph.artifacts import archive
from servegraph.errors import ArtifactRefused


def _tar(path: Path, *members: tarfile.TarInfo | str, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isfile():
                info.size = 5
            tar.addfile(info, io.BytesIO(b"hello"))
    return path


def _zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, b"hello")
    return path


def _link(name: str, to: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def _target(folder: Path) -> Path:
    target = folder / "inner" / "target"
    target.mkdir(parents=True)
    return target


def _files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["m.zip", "m.tar.gz", "m.tgz", "m.tar"])
def test_files_are_unpacked(tmp_path: Path, name: str) -> None:
    target = _target(tmp_path)
    members = ("model.joblib", "deep/er/data.txt")
    made = (
        _zip(tmp_path / name, *members)
        if name.endswith("zip")
        else _tar(tmp_path / name, *members, mode="w" if name.endswith("tar") else "w:gz")
    )
    assert archive.is_archive(made.name)
    archive.unpack(made, target)
    assert _files(target) == {"model.joblib": "hello", "deep/er/data.txt": "hello"}


@pytest.mark.parametrize("name", ["../evil", "deep/../../evil", "/evil", "..\\evil"])
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_name_that_leads_out_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    target = _target(tmp_path)
    make = _zip if kind == "zip" else _tar
    with pytest.raises(ArtifactRefused, match="lies outside of it"):
        archive.unpack(make(tmp_path / f"m.{kind}", name), target)
    assert not list(tmp_path.rglob("evil"))
    assert not Path("/evil").exists()


@pytest.mark.parametrize(
    "member",
    [
        _link("a", "/etc/passwd", tarfile.SYMTYPE),
        _link("a", "b", tarfile.LNKTYPE),
        _link("a", "", tarfile.FIFOTYPE),
        _link("a", "", tarfile.CHRTYPE),
    ],
)
def test_links_and_devices_are_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    target = _target(tmp_path)
    with pytest.raises(ArtifactRefused, match="a link or a device"):
        archive.unpack(_tar(tmp_path / "m.tar.gz", member), target)
    assert not list(target.iterdir())


def test_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MIN_LIMIT", 1 << 20)
    bomb = tmp_path / "m.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("model.joblib", bytes(32 << 20))
    target = _target(tmp_path)
    with pytest.raises(ArtifactRefused, match="unpacks to more than any model"):
        archive.unpack(bomb, target)
    assert sum(path.stat().st_size for path in target.rglob("*")) < 8 << 20


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    with pytest.raises(ArtifactRefused, match="unpacks to more than any model"):
        archive.unpack(_zip(tmp_path / "m.zip", *"abcdef"), _target(tmp_path))


def test_file_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactRefused, match="holds a file twice"):
        archive.unpack(_tar(tmp_path / "m.tar.gz", "a", "a"), _target(tmp_path))


@pytest.mark.parametrize("cut", [0, 3, 40, -20])
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_damaged_archive_is_refused(tmp_path: Path, kind: str, cut: int) -> None:
    made = (_zip if kind == "zip" else _tar)(tmp_path / f"m.{kind}", "a", "b")
    made.write_bytes(made.read_bytes()[:cut])
    with pytest.raises(ArtifactRefused, match="cannot be unpacked"):
        archive.unpack(made, _target(tmp_path))
