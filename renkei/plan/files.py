"""Read and write plan files: a folder of YAML becomes one document, and every value remembers its file and line.

Deliberately small YAML: no anchors and aliases (a few lines could fill the memory), no tags, no dates or yes/no turned
into something else (``2024-03-31`` and ``no`` stay text), no key twice.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_DIGITS = {"int": 16, "float": 30}
Place = tuple[str | int, ...]

_LAYOUT = {
    "plan": ["plan", "fields", "targets", "targets_total", "optional_sections", "form_rules"],
    "parties": ["parties", "bodies", "posts", "units", "universities", "medical_partners"],
    "services": ["stages", "services", "provisions"],
    "areas": ["areas", "areas_note", "estates", "indicators", "municipalities"],
    "rules": [
        "front_desk", "meetings", "designations", "ladder", "clocks", "calendar", "networks", "outside_contacts", "sharing", "second_person", "letters",
        "accounts", "follow_up", "catalogue", "industry", "routing", "precedence", "queues", "notes",
    ],
    "words": ["vocabularies"],
    "cues": ["cues"],
    "document": ["document"],
}  # fmt: skip
SECTIONS = [section for sections in _LAYOUT.values() for section in sections]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong, in which file and line, against which rule, in a Japanese sentence."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: [{self.rule}] {self.message}"


@dataclass
class Source:
    """A document with the file and line of every value, and the faults met while reading."""

    document: dict[str, Any] = field(default_factory=dict)
    marks: dict[Place, tuple[str, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place(self, path: Place) -> tuple[str, int]:
        """Return file and line of a value, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.marks:
                return self.marks[path[:length]]
        return "", 1

    def fault(self, path: Place, rule: str, message: str) -> Fault:
        """Return a fault at the place of a value."""
        return Fault(*self.place(path), rule, message)


class _Reader(yaml.SafeLoader):
    """Knows text, numbers, true, false and null."""


_IN_C: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _Quick(_IN_C):  # type: ignore[misc]  # the reader in C has no types
    """Reads as ``_Reader`` does, ten times quicker; says less well what is wrong."""


class _Writer(yaml.SafeDumper):
    """Writes what ``_Reader`` reads back as the same thing."""


for _class in (_Reader, _Quick, _Writer):
    _class.yaml_implicit_resolvers = {}
    for _tag, _pattern, _first in (
        ("bool", r"^(?:true|false)$", "tf"),
        ("null", r"^(?:null|~|)$", ["n", "~", ""]),
        ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
        ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
    ):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def builtin_folder() -> Path:
    """Return the folder of the plans that come with the package."""
    return Path(str(files("renkei.plans")))


def builtin_plans() -> dict[str, Path]:
    """Return the plans that come with the package: code and folder, predecessors first."""
    folders = {f.name: f for f in sorted(builtin_folder().iterdir()) if (f / "plan.yaml").is_file()}
    order = sorted(folders, key=lambda code: str(load(folders[code]).document.get("plan", {}).get("term", {}).get("to")))
    return {code: folders[code] for code in order}


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan document."""
    found: dict[str, Any] = json.loads((builtin_folder() / "schema.json").read_text(encoding="utf-8"))
    return found


def load(folder: Path) -> Source:
    """Read every ``*.yaml`` of a folder (or one file) into one source; ``extends`` takes missing sections from a sibling.

    Never raises for bad content: what is wrong stands in ``faults``.
    """
    source = _load(folder)
    base = source.document.pop("extends", None)
    if base is None:
        return source
    place = source.place(("extends",))
    sibling = folder.parent / str(base)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", str(base)) or not sibling.is_dir() or sibling.name == folder.name:
        source.faults.append(Fault(*place, "extends", f"元にする計画「{base}」のフォルダがありません。"))
        return source
    below = _load(sibling)
    if "extends" in below.document:
        source.faults.append(Fault(*place, "extends", f"「{base}」も別の計画を元にしています。元にできるのは1段だけです。"))
    merged = Source(below.document | source.document, dict(source.marks), source.faults + below.faults)
    own = set(source.document)
    merged.marks |= {path: mark for path, mark in below.marks.items() if path and path[0] not in own}
    return merged


def _load(folder: Path) -> Source:
    whole = Source()
    paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else [folder]
    whole.marks[()] = (str(folder), 1)
    if not paths or not paths[0].is_file():
        whole.faults.append(Fault(str(folder), 1, "no-files", "計画のファイル（.yaml）が見つかりません。"))
        return whole
    for path in paths:
        one = read_bytes(path.read_bytes() if path.stat().st_size <= MOST_BYTES else b"#" * (MOST_BYTES + 1), str(path))
        whole.faults += one.faults
        for section in [name for name in one.document if name in whole.document]:
            where = whole.place((section,))
            whole.faults.append(
                one.fault((section,), "section-twice", f"「{section}」は {where[0]}:{where[1]} にもあります。")
            )
        whole.document |= one.document
        whole.marks |= {path: mark for path, mark in one.marks.items() if path}
    return whole


def read_bytes(data: bytes, file: str) -> Source:
    """Read one file's bytes."""
    if len(data) > MOST_BYTES:
        return Source(faults=[Fault(file, 1, "too-large", "ファイルが大きすぎます（1メガバイトまで）。")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return Source(faults=[Fault(file, line, "encoding", "文字コードがUTF-8ではありません。UTF-8で保存してください。")])
    source = read_text(text, file)
    if not isinstance(source.document, dict):
        source.document = {}
        source.faults.append(Fault(file, 1, "not-a-mapping", "ファイルの一番外側は「名前: 中身」の形で書いてください。"))
    return source


def read_text(text: str, file: str, root: Place = ()) -> Source:
    """Read YAML text; ``root`` is where the value belongs in the document. The value itself stands in ``document``."""
    with contextlib.suppress(yaml.YAMLError):
        source = _read(text, file, root, _Quick)
        if not source.faults:
            return source
    source = Source()
    source.marks[root] = (file, 1)
    try:
        return _read(text, file, root, _Reader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.faults.append(Fault(file, mark.line + 1 if mark else 1, "yaml", f"書き方が読めません。字下げ、コロン、かっこの対応を確かめてください（{error.problem}）。"))
        return source
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        source.faults.append(Fault(file, line, "yaml", "使えない文字が入っています。"))
        return source


def _read(text: str, file: str, root: Place, reader: type[yaml.SafeLoader]) -> Source:
    """Read with one of the readers. Raises YAMLError."""
    source = Source()
    source.marks[root] = (file, 1)
    if not _is_small(text, source, file, reader):
        return source
    node = yaml.compose(text, reader)
    if node is None:
        source.faults.append(Fault(file, 1, "empty", "中身がありません。"))
        return source
    source.document = _build(node, root, source, file)
    return source


def _is_small(text: str, source: Source, file: str, reader: type[yaml.SafeLoader]) -> bool:
    depth = 0
    for event in yaml.parse(text, reader):
        mark = event.start_mark
        line = mark.line + 1 if mark else 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        tag = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            source.faults.append(Fault(file, line, "alias", "別名（&と*）は使えません。同じ内容を書いてください。"))
        elif tag not in {None, "!"}:
            source.faults.append(Fault(file, line, "tag", f"型の印「{tag}」は使えません。"))
        elif depth > MOST_DEPTH:
            source.faults.append(Fault(file, line, "too-deep", f"入れ子が深すぎます（{MOST_DEPTH}段まで）。"))
        if source.faults:
            return False
    return True


def _build(node: yaml.Node, path: Place, source: Source, file: str) -> Any:
    source.marks[path] = (file, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                source.faults.append(Fault(file, line, "key", "名前には文字だけを使ってください。"))
                continue
            key = key_node.value
            if key in found:
                source.faults.append(Fault(file, line, "key-twice", f"「{key}」が二度書かれています。"))
            found[key] = _build(value_node, (*path, key), source, file)
            source.marks[(*path, key)] = (file, line)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_build(one, (*path, index), source, file) for index, one in enumerate(node.value)]
    return _scalar(node, path, source) if isinstance(node, yaml.ScalarNode) else None


def _scalar(node: yaml.ScalarNode, path: Place, source: Source) -> Any:
    kind, text = node.tag.rpartition(":")[2], node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text == "true"
    if kind in {"int", "float"} and len(text) > MOST_DIGITS[kind]:
        source.faults.append(source.fault(path, "number", "数の桁が多すぎます。"))
        return 0
    if kind == "int":
        return int(text)
    if kind == "float":
        if not math.isfinite(float(text)):
            source.faults.append(source.fault(path, "number", "数が大きすぎます。"))
        return float(text)
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text):
        source.faults.append(source.fault(path, "characters", "使えない文字（制御文字）が入っています。"))
    return text


def write_text(value: Any) -> str:
    """Return a value as YAML that reads back as the same value."""
    return yaml.dump(value, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=10_000)


def section_text(section: str, value: Any) -> str:
    """Return a section as YAML, its keys in the order of the schema (the database keeps none)."""
    return write_text(_ordered(section, value))


def _ordered(section: str, value: Any) -> Any:
    return _in_order(value, schema()["properties"].get(section, {}))


def _in_order(value: Any, shape: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_in_order(one, shape.get("items", {})) for one in value]
    if not isinstance(value, dict):
        return value
    named, other = shape.get("properties", {}), shape.get("additionalProperties")
    keys = [key for key in named if key in value] + sorted(key for key in value if key not in named)
    rest = other if isinstance(other, dict) else {}
    return {key: _in_order(value[key], named.get(key, rest)) for key in keys}


def write_folder(document: dict[str, Any], folder: Path) -> list[Path]:
    """Write a document as files. Sections that are not there are not written; an older file of ours is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, sections in _LAYOUT.items():
        path = folder / f"{name}.yaml"
        part = {section: document[section] for section in sections if section in document}
        if part:
            path.write_text("\n".join(write_text({s: _ordered(s, v)}) for s, v in part.items()), encoding="utf-8")
            written.append(path)
        else:
            path.unlink(missing_ok=True)
    return written
