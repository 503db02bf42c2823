//! The files in `commands/` and those of the demo: they load, examples and all, and editors are told the same of them.

use boon::{Compiler, Schemas};
use serde_json::Value;
use std::path::Path;
use wrasse::catalog::{Catalog, CatalogFaults, load, schema};

const FOLDERS: [&str; 2] = ["commands", "src/cli/demo/files/commands"];
const HEADER: &str = "# yaml-language-server: $schema=command.schema.json\n";

type Files = Vec<(String, String)>;

fn files(folder: &str) -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Files = std::fs::read_dir(folder)
        .expect("the folder is part of the project")
        .map(|entry| entry.expect("entries can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("the file is text"))
        })
        .collect();
    files.sort();
    files
}

fn catalog(folder: &str) -> Result<Catalog, CatalogFaults> {
    load(&files(folder))
}

#[test]
fn the_commands_of_the_readme_are_there() {
    for folder in FOLDERS {
        let catalog = catalog(folder).unwrap_or_else(|faults| panic!("{faults}"));
        let names: Vec<String> = catalog.commands().iter().map(|spec| spec.name.to_string()).collect();
        assert_eq!(names, ["announce", "drain", "reboot", "undrain"], "{folder}");
    }
}

#[test]
fn the_schema_that_is_kept_is_the_one_of_the_reader() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("commands/command.schema.json");
    let kept = std::fs::read_to_string(kept).expect("the schema is part of the project");
    let now = serde_json::to_string_pretty(&schema()).expect("it serialises");
    let is_same = kept.trim_end() == now;
    assert!(is_same, "run `cargo run -- schema > commands/command.schema.json`");
}

/// What an editor has to say of a file; nothing if it is right.
struct Editor {
    schemas: Schemas,
    index: boon::SchemaIndex,
}

impl Editor {
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let schema = serde_json::to_value(schema()).expect("it serialises");
        compiler.add_resource("command.schema.json", schema).expect("a fresh compiler takes it");
        let index = compiler.compile("command.schema.json", &mut schemas).expect("it is a schema");
        Self { schemas, index }
    }

    fn complaint(&self, text: &str) -> Option<String> {
        let value: Value = serde_saphyr::from_str(text).expect("it is YAML");
        self.schemas.validate(&value, self.index).err().map(|fault| fault.to_string())
    }
}

#[test]
fn an_editor_finds_nothing_in_the_files() {
    let editor = Editor::new();
    for folder in FOLDERS {
        for (name, text) in files(folder) {
            assert!(text.starts_with(HEADER), "{folder}/{name} does not tell editors its schema");
            assert_eq!(editor.complaint(&text), None, "{folder}/{name}");
        }
    }
}

/// Changes of the shipped files after which they are still right.
const SOUND: [(&str, &str, &str); 16] = [
    (
        "reboot.yaml",
        "  - restore-state\n",
        "  - restore-state\n  - http: { method: POST, url: \"https://log.example.com/\", send: [reason, reboot.took], expect: 200, timeout: 20s }\n",
    ),
    ("undrain.yaml", "parameters:\n", "parameters:\n  patience: { type: duration, default: 1m }\n"),
    ("announce.yaml", "parameters:\n", "parameters:\n  patience: { type: duration, default: 1m }\n"),
    ("announce.yaml", "asked-as: because }", "asked-as: because, length: 80 }"),
    ("drain.yaml", "{ timeout: 10m, connections-below: 5 }", "{ timeout: 1h30m }"),
    ("drain.yaml", "then: 20%", "then: all"),
    ("drain.yaml", "canary: 1, then: 20%, soak: 1m, stop-when: failures > 0", "then: 20%, stop-when: failures > 12"),
    ("drain.yaml", "limits: { concurrency: { site: 4 } }\n", ""),
    ("reboot.yaml", "default: 10%", "default: 10%, min: 5%, max: 50%"),
    ("reboot.yaml", "else: redfish, ", ""),
    ("reboot.yaml", "  - restore-state", "  - restore-state: { timeout: 3m }"),
    ("reboot.yaml", "{ that: [services, mounts, kernel, clock], within: 2m }", "[services]"),
    ("reboot.yaml", "parameters:\n", "parameters:\n  tries: { type: integer, min: -1, max: 5, default: 0 }\n"),
    ("reboot.yaml", "parameters:\n", "parameters:\n  mode: { type: choice, one-of: [warm, cold], default: warm }\n"),
    ("reboot.yaml", "parameters:\n", "parameters:\n  force: { type: boolean, default: no }\n"),
    (
        "reboot.yaml",
        "parameters:\n",
        "parameters:\n  peer: { type: server }\n  pause: { type: duration, min: 1s, default: 90s }\n",
    ),
];

/// Changes of the shipped files that an editor must mark, as the reader does.
const WRONG: [(&str, &str, &str); 39] = [
    ("announce.yaml", "send: [message]", "send: [message, reboot.tok]"),
    ("announce.yaml", "timeout: 20s", "timeout: \"{Patience}\""),
    ("announce.yaml", "timeout: 20s", "timeout: {patience}"),
    ("announce.yaml", "command: announce", "command: status"),
    ("announce.yaml", "command: announce", "command: An Announcement"),
    ("announce.yaml", "summary:", "sumary:"),
    ("announce.yaml", "targets: none", "targets: nothing"),
    ("announce.yaml", "targets: none", "targets: { sites: 0 }"),
    ("announce.yaml", "  message:", "  site:"),
    ("announce.yaml", "type: text", "type: txt"),
    ("announce.yaml", "required: true", "required: perhaps"),
    ("announce.yaml", "asked-as: because", "asked-as: why"),
    ("announce.yaml", "asked-as: because }", "asked-as: because, length: 4001 }"),
    ("announce.yaml", "method: POST", "method: PUT"),
    ("announce.yaml", "https://status", "ftp://status"),
    ("announce.yaml", "https://status", "https://{message}"),
    ("announce.yaml", "expect: 201", "expect: 42"),
    ("announce.yaml", "send: [message]", "send: []"),
    ("announce.yaml", "timeout: 20s", "timeout: 20"),
    ("drain.yaml", "impact: drain", "impact: drane"),
    ("drain.yaml", "max: 200", "max: many"),
    ("drain.yaml", "max: 200", "max: 20001"),
    ("drain.yaml", "from: [production, drained]", "from: [prodution]"),
    ("drain.yaml", "then: 20%", "then: 120%"),
    ("drain.yaml", "failures > 0", "failed > 0"),
    ("drain.yaml", "soak: 1m", "sook: 1m"),
    ("drain.yaml", "site: 4", "pool: 4"),
    ("drain.yaml", ", within: 60m }", " }"),
    ("drain.yaml", "  - drain edge-lax-001 because fan noise\n", ""),
    ("drain.yaml", "connections-below: 5", "connections-below: 0"),
    ("reboot.yaml", "of: request, default: 10%", "default: 10%"),
    ("reboot.yaml", "default: 10%", "default: 0%"),
    ("reboot.yaml", "via: ssh", "via: telnet"),
    ("reboot.yaml", "grace: 90s", "grase: 90s"),
    ("reboot.yaml", "    verify: boot-id-changed\n", ""),
    ("reboot.yaml", "point-of-no-return: true", "point-of-no-return: false"),
    ("reboot.yaml", "drain-still-holds, capacity", "drain-still-holds, capasity"),
    ("reboot.yaml", "  - check:", "  - chek:"),
    ("reboot.yaml", "parameters:\n", "parameters:\n  peer: { type: server, default: edge-lax-001 }\n"),
];

fn changed((file, from, to): (&str, &str, &str)) -> (Files, String) {
    let mut files = files("commands");
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).expect("it is a shipped file");
    assert!(text.contains(from), "{file} does not say {from:?}");
    *text = text.replace(from, to);
    let text = text.clone();
    (files, text)
}

#[test]
fn an_editor_says_what_the_reader_says() {
    let editor = Editor::new();
    for change in SOUND {
        let (files, text) = changed(change);
        assert_eq!(load(&files).err().map(|faults| faults.to_string()), None, "{change:?}");
        assert_eq!(editor.complaint(&text), None, "{change:?}");
    }
    for change in WRONG {
        let (files, text) = changed(change);
        assert!(load(&files).is_err(), "the reader takes {change:?}");
        assert!(editor.complaint(&text).is_some(), "the schema takes {change:?}");
    }
}
