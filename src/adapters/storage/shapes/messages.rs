//! The shapes of messages and forms that were composed when they were decided.

use super::{stored_record, stored_variants, stored_words};
use crate::conversation::message::{
    Block, Button, Confirm, Form, FormBlock, Message, Piece, Press, StepLine, StepMark, Style,
};

stored_record! { Message; summary: "summary", blocks: "blocks" }
stored_variants! { Piece;
    "text" => Text(text),
    "bold" => Bold(text),
    "code" => Code(text),
    "preformatted" => Preformatted(text),
    "person" => Person(person),
    "group" => Group(group),
    "time-ms" => Time(time),
    "link" => Link { url: "url", label: "label" },
}
stored_variants! { Block;
    "section" => Section(text),
    "context" => Context(text),
    "actions" => Actions(buttons),
    "steps" => Steps { title: "title", steps: "steps" },
}
stored_record! { StepLine; word: "word", mark: "mark", note: "note" }
stored_words! { StepMark; "waiting" => Waiting, "working" => Working, "done" => Done, "failed" => Failed }
stored_record! { Button; label: "label", press: "press", style: "style", confirm: "confirm" }
stored_variants! { Press;
    "control" => Control { verb: "verb", handle: "handle" },
    "open" => Open(url),
}
stored_words! { Style; "plain" => Plain, "primary" => Primary, "danger" => Danger }
stored_record! { Confirm; title: "title", text: "text", yes: "yes", no: "no", style: "style" }
stored_record! { Form; title: "title", submit: "submit", close: "close", handle: "handle", blocks: "blocks" }
stored_variants! { FormBlock;
    "warning" => Warning(text),
    "section" => Section(text),
    "context" => Context(text),
    "actions" => Actions(buttons),
    "choice" => Choice { key: "key", label: "label", options: "options" },
    "input" => Input { key: "key", label: "label", hint: "hint", initial: "initial", optional: "optional" },
    "select" => Select { key: "key", label: "label", options: "options", initial: "initial", optional: "optional" },
}
