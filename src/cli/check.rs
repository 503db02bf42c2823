//! `wrasse check`: everything that is wrong with the files, before anybody serves by them.

use super::paths::Paths;
use super::{lines, output};
use crate::admission::{self, SoakRules};
use crate::ports::Clock;
use std::process::ExitCode;

/// What `check` is called with.
#[derive(clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    paths: Paths,
}

impl Check {
    pub(super) fn run(self) -> ExitCode {
        let now = crate::adapters::clock::SystemClock.now();
        match self.paths.files().read(None, now) {
            Ok(whole) => {
                let rulebook = &whole.rulebook;
                let examples = rulebook.catalog.commands().iter().map(|spec| spec.examples.len()).sum::<usize>();
                output::say(&format!(
                    "sound: {} commands with {examples} examples, policies of {} channels, {} servers",
                    rulebook.catalog.commands().len(),
                    rulebook.policies.channels().count(),
                    rulebook.inventory.servers().len(),
                ));
                if let Some(remark) = unproven_bmcs(whole.endpoints.bmcs_without_identity()) {
                    output::say(&remark);
                }
                for remark in admission::floors_without_scope(&rulebook.rules, &rulebook.inventory) {
                    output::say(&format!("remark: {remark}"));
                }
                if let Some(remark) = compared(&rulebook.rules.soak) {
                    output::say(&format!("remark: {remark}"));
                }
                output::say(
                    "not checked here: whether the groups and people that policies name exist; `serve` asks the workspace",
                );
                ExitCode::SUCCESS
            }
            Err(faults) => {
                output::complain(&format!("{} found\n{faults}", counted(faults.faults().len())));
                ExitCode::from(lines::NOT_UNDERSTOOD)
            }
        }
    }
}

/// How many controllers are believed without proof; `None` if there are none.
fn unproven_bmcs(servers: usize) -> Option<String> {
    let which = match servers {
        0 => return None,
        1 => "1 server has a BMC without an identity".to_owned(),
        many => format!("{many} servers have a BMC without an identity"),
    };
    Some(format!("{which}: a reset there reaches whatever machine answers; state `uuid:` or `serial:` in their `bmc:`"))
}

/// What servers are compared by, which no file says whether it is there; `None` if nothing is.
fn compared(rules: &SoakRules) -> Option<String> {
    let names = rules.compare.iter().map(|one| one.name.as_str()).collect::<Vec<_>>();
    if names.is_empty() {
        return None;
    }
    let names = names.join(", ");
    Some(format!("soak.compare ({names}) is asked where WRASSE_PROMETHEUS_URL is set; without it, it stops nothing"))
}

fn counted(faults: usize) -> String {
    if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") }
}
