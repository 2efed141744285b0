"""The mutations still fit the code, and a few of them are tried."""

from collections.abc import Iterator
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory

import pytest

from .catalogue import CHECKOUT, HEART, MUTATIONS, QUICK, Edit, Mutation
from .trial import ROOT, copy_project, run_tests, try_mutation

NAMED = {one.name: one for one in MUTATIONS}
UNSEEN = Edit("checkout.py", "Everything that can spend", "All that can spend")


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """Return a copy of the project."""
    with TemporaryDirectory() as name:
        yield copy_project(ROOT, Path(name))


def test_each_mutation_has_a_name_of_its_own() -> None:
    assert len(NAMED) == len(MUTATIONS)
    assert NAMED.keys() >= {*QUICK}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_a_mutation_fits_the_code_and_leaves_python(
    tmp_path: Path, mutation: Mutation
) -> None:
    shutil.copytree(ROOT / HEART, tmp_path / HEART)
    for edit in mutation.edits:
        edit.apply(tmp_path)
        path = tmp_path / HEART / edit.file
        compile(path.read_text(encoding="utf-8"), path, "exec")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_the_tests_that_should_see_a_mutation_exist(mutation: Mutation) -> None:
    for test in mutation.by:
        file, *names = test.partition("[")[0].split("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert all(f"def {name}(" in text for name in names)


def test_without_a_mutation_the_tests_pass(project: Path) -> None:
    tests = {test for name in QUICK for test in NAMED[name].by}
    verdict = run_tests(project, tuple(sorted(tests)))
    assert (verdict.red, verdict.sound) == (False, True), verdict.by


@pytest.mark.parametrize("name", QUICK)
def test_a_mutation_is_seen(project: Path, name: str) -> None:
    verdict = try_mutation(project, NAMED[name])
    assert verdict.red, verdict.by
    assert verdict.by.startswith(NAMED[name].by)


def test_a_mutation_that_breaks_nothing_is_told(project: Path) -> None:
    verdict = try_mutation(project, Mutation("unseen", (UNSEEN,), (CHECKOUT,)))
    assert not verdict.red
    assert verdict.sound


def test_a_mutation_that_does_not_fit_is_no_success(project: Path) -> None:
    lost = Edit("checkout.py", "this stands nowhere", "")
    verdict = try_mutation(project, Mutation("lost", (lost,), (CHECKOUT,)))
    assert (verdict.red, verdict.sound) == (False, False)


def test_tests_that_cannot_be_run_are_no_success(project: Path) -> None:
    verdict = run_tests(project, ("tests/keeper/test_that_does_not_exist.py",))
    assert (verdict.red, verdict.sound) == (False, False)
