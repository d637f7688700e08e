"""The stub of the native module agrees with the module, and documents the fields of results."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import dechaff

STUB = Path(dechaff.__file__).with_name("_dechaff.pyi")
RESULTS = [
    dechaff.ExplainedRemoval,
    dechaff.Explanation,
    dechaff.Feature,
    dechaff.Judgement,
    dechaff.Match,
    dechaff.Protection,
    dechaff.Removal,
    dechaff.Result,
    dechaff.Site,
    dechaff.SiteText,
    dechaff.Verdict,
]


def test_the_stub_agrees_with_the_module() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "dechaff._dechaff", "--concise"]
    run = subprocess.run([*command, "--ignore-disjoint-bases"], capture_output=True, text=True)
    # Pickle calls the first by name, PyO3 adds the second, and stubtest cannot evaluate a default
    # that is an object of Rust.
    expected = ("_unpickle", "__all__", 'parameter "memory" has a default value of Ellipsis')
    lines = [line for line in run.stdout.splitlines() if not any(text in line for text in expected)]
    assert lines == [], run.stdout + run.stderr
    assert not run.stderr


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.__name__)
def test_each_field_of_a_result_is_documented(result: type) -> None:
    tree = ast.parse(inspect.getsource(result)).body[0]
    assert isinstance(tree, ast.ClassDef)
    fields = [node for node in tree.body if isinstance(node, ast.AnnAssign)]
    assert fields
    for field in fields:
        following = tree.body[tree.body.index(field) + 1]
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        assert is_text, ast.unparse(field)


def test_each_property_is_documented_in_the_stub() -> None:
    classes = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ClassDef)]
    properties = [
        node
        for item in classes
        for node in item.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list and ast.unparse(node.decorator_list[0]) == "property"
    ]
    assert len(properties) > 10
    assert [node.name for node in properties if ast.get_docstring(node) is None] == []
