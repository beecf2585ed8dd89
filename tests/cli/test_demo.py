"""``bindery demo`` removes only what an earlier demo has left."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from bindery.cli.demo import clear


def test_what_a_demo_left_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "demo-data"
    clear(folder)
    (folder / "buckets").mkdir(parents=True)
    (folder / "server.log").touch()
    clear(folder)
    assert not folder.exists()


def test_a_folder_of_somebody_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "buckets").mkdir()
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(click.ClickException, match="--folder"):
        clear(tmp_path)
    with pytest.raises(click.ClickException, match="--folder"):
        clear(tmp_path / "holiday.jpg")
    assert (tmp_path / "holiday.jpg").exists()
