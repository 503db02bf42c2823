//! Lines as people really type them on phones and keyboards, and what each of them comes to. The answers in
//! `corpus.txt` are read by people: a wrong one is a fault of the language.
//!
//! A line of the file that does not begin with a space is what was typed; the indented lines below it are the answer.

use super::printing::every_kind;
use crate::domain::misunderstanding::Misunderstanding;
use crate::language::{parse, print};

const CORPUS: &str = include_str!("corpus.txt");

fn told(told: &Misunderstanding) -> String {
    let place = told.line.get(told.span.clone()).expect("the place is in the line");
    let kind = format!("{:?}", told.kind);
    let kind: String = kind.chars().take_while(|letter| letter.is_alphanumeric()).collect();
    let mut text = format!("    ? {kind} at `{place}`");
    if let Some(corrected) = &told.corrected {
        text.push_str(&format!("\n    > {corrected}"));
    }
    told.readings.iter().for_each(|reading| text.push_str(&format!("\n    > {reading}")));
    text
}

#[test]
fn every_line_comes_to_what_was_reviewed() {
    let vocabulary = every_kind();
    let typed: Vec<&str> = CORPUS.lines().filter(|line| !line.starts_with("    ")).collect();
    assert!(typed.len() >= 300, "{} lines", typed.len());
    let mut now = String::new();
    for line in typed {
        let answer = match parse(line, &vocabulary) {
            Ok(intent) => format!("    {}", print(&intent, &vocabulary)),
            Err(misunderstanding) => told(&misunderstanding),
        };
        now.push_str(&format!("{line}\n{answer}\n"));
    }
    if now != CORPUS {
        let path = std::env::temp_dir().join("corpus.txt");
        std::fs::write(&path, &now).expect("the answers can be written");
        let first = now.lines().zip(CORPUS.lines()).find(|(now, then)| now != then);
        panic!("the first difference is {first:?}; the answers of today are in {}", path.display());
    }
}

/// What is offered to copy is understood, or asks for the next thing: it never comes back to the same place.
#[test]
fn what_is_offered_gets_further() {
    let vocabulary = every_kind();
    for line in CORPUS.lines().filter(|line| !line.starts_with("    ")) {
        let Err(first) = parse(line, &vocabulary) else { continue };
        for offered in first.corrected.iter().chain(&first.readings) {
            if let Err(second) = parse(offered, &vocabulary) {
                assert!(second.kind != first.kind || second.span != first.span, "{line}\n{offered}\n{second:?}");
            }
        }
    }
}
