"""dvc.yaml: a changed module that an outcome depends on makes its use case stale."""

from __future__ import annotations

import yaml

from minnow import compression, exporters, families, lineage, modalities, runtimes, tasks

BESIDE = (
    "flows/__init__.py", "flows/_prefect.py", "flows/_server.py", "flows/ages.py", "flows/cleaning.py", "flows/job.py",
    "flows/record.py",
    "src/minnow/__init__.py", "src/minnow/cache.py", "src/minnow/environment.py",
    "src/minnow/insight/__init__.py", "src/minnow/insight/certificates.py", "src/minnow/insight/plots.py",
    "src/minnow/lineage.py", "src/minnow/registry.py", "src/minnow/runners", "src/minnow/stores", "src/minnow/workspace.py",
)  # fmt: skip
"""What runs with a use case and changes nothing in its outcome: where jobs run, what is logged, where files lie."""


def test_each_module_that_an_outcome_depends_on_is_in_dvc_yaml(project):
    dependencies = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]["usecase"]["do"]["deps"]
    named = [*dependencies, *BESIDE]
    seen: set[str] = set()
    queue = ["flows.usecase"]
    for room in (compression, exporters, families, modalities, runtimes, tasks):
        queue += [room.registry.module(name) for name in room.names()]
    while queue:
        module = queue.pop()
        if module not in seen:
            seen.add(module)
            queue.extend(lineage._imports(module))
    paths = [path for module in seen if (path := lineage._source(module))]
    files = sorted(path.relative_to(project).as_posix() for path in paths)
    assert "src/minnow/stages/judge.py" in files
    missing = [file for file in files if not any(file == name or file.startswith(f"{name}/") for name in named)]
    assert not missing, (
        f"Add {', '.join(missing)} to deps in dvc.yaml, or, where it changes no outcome, to BESIDE here."
    )


def test_what_dvc_yaml_names_is_there(project):
    dependencies = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]["usecase"]["do"]["deps"]
    lost = [name for name in dependencies if not name.startswith("$") and not (project / name).exists()]
    assert not lost, f"dvc.yaml names {', '.join(lost)}, which is not there."
